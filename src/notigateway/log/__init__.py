"""What cannot be denied: an access record of every verified request, the log of records and receipts."""
