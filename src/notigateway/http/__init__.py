"""What every border shares of HTTP: peers, failures counted by peer, the worker."""
