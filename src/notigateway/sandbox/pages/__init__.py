"""The sandbox's pages for people, below `/_sandbox/` of each world: links and forms, and no script."""
