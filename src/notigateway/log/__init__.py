"""What cannot be denied: an access record of every request, and the log over records and receipts."""
