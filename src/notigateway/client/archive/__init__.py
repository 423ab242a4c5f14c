"""What is made of the folders of an archive: the index, exports, the report of a day, a ZIP."""
