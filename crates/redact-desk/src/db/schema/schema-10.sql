-- What of the recording a release shows, as JSON; NULL: all of it.
ALTER TABLE releases ADD COLUMN excerpt TEXT;
