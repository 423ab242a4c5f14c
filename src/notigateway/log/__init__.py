"""What cannot be denied: the log of receipts and access records, grown, audited, whole."""
