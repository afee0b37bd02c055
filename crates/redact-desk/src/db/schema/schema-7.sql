-- Who accepted that a recording's sound, which cannot be decoded, is lost; and why a job failed, as
-- a word that the page knows.
ALTER TABLE recordings ADD COLUMN lost_sound_by TEXT;
ALTER TABLE jobs ADD COLUMN error_code TEXT;
