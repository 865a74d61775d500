"""What lockstep promises, checked on this machine: how often its intervals hold, and how it fares beside other ways."""
