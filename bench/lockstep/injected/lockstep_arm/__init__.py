"""The arm's side of lockstep: pytest does nothing but what the controller asks for, one round at a time."""
