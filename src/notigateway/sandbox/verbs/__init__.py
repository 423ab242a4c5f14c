"""What happens in a world besides its clients' calls: each verb one call, one line of a scenario."""
