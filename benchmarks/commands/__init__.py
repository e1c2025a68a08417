"""The commands: one module each, whose one function typer makes a command of. They say and end through a terminal."""
