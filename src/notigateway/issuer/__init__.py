"""What an issuing body may do: put acts at disposal, amend them, report what happened elsewhere."""
