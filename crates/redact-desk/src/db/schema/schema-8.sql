-- How a recording is read, as JSON, and who said so; NULL: as its file says.
ALTER TABLE recordings ADD COLUMN options TEXT;
ALTER TABLE recordings ADD COLUMN options_by TEXT;
