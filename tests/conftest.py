"""How often a property is tried, for all tests: 60 times, and where a property asks for more than usual, as often.

`HYPOTHESIS_PROFILE=thorough`, or `pytest --hypothesis-profile=thorough`, tries everything 20,000 times, "short" 100.
A machine with a device may lack hypothesis: tests/device has no properties.
"""

import os

try:
    import hypothesis
except ModuleNotFoundError:
    pass
else:
    for _name, _examples in (("usual", 60), ("short", 100), ("thorough", 20_000)):
        hypothesis.settings.register_profile(_name, max_examples=_examples, deadline=None)
    hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))
