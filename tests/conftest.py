"""What all tests share."""

from hypothesis import settings

# No deadline an example: on a shared machine it would judge the machine, and the first example pays for imports.
settings.register_profile("flagkit", deadline=None)
settings.load_profile("flagkit")
