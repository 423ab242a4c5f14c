"""How it stands with the gateway: findings in words and numbers, of which nothing is changed by looking."""
