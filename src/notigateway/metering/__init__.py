"""What is counted and timed of the running gateway, in numbers that all of its workers share."""
