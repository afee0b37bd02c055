-- Letters, invoices, misuse reviews.
-- Letters to requesters, as PDF to the byte. `text` is the Markdown that the PDF was made of.
CREATE TABLE letters (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id), kind TEXT NOT NULL,
  title TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL, text TEXT NOT NULL,
  -- What an extension letter adds to the time for the answer once it is sent.
  extension_days INTEGER, extension_unit TEXT, extension_reason TEXT NOT NULL,
  pdf BLOB NOT NULL, sha256 TEXT NOT NULL
) STRICT;
CREATE INDEX letters_by_request ON letters (request);
-- To whom a letter was sent, how and on which day.
CREATE TABLE letter_sends (
  id TEXT PRIMARY KEY, letter TEXT NOT NULL REFERENCES letters (id), at INTEGER NOT NULL,
  by TEXT NOT NULL, recipient TEXT NOT NULL, means TEXT NOT NULL, sent_on TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;
CREATE INDEX letter_sends_by_letter ON letter_sends (letter);
-- Invoices, as PDF to the byte. `lines` are in JSON. An invoice is corrected by a new one, whose
-- `corrects` names it, or voided; none is changed.
CREATE TABLE invoices (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id),
  number TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, by TEXT NOT NULL, basis TEXT NOT NULL,
  lines TEXT NOT NULL, total_cents INTEGER NOT NULL, estimate_cents INTEGER,
  corrects TEXT UNIQUE REFERENCES invoices (id), why TEXT NOT NULL, text TEXT NOT NULL,
  voided_at INTEGER, voided_by TEXT, void_reason TEXT,
  pdf BLOB NOT NULL, sha256 TEXT NOT NULL
) STRICT;
CREATE INDEX invoices_by_request ON invoices (request);
-- Payments. A wrong one is voided with a reason, and stays.
CREATE TABLE payments (
  id TEXT PRIMARY KEY, invoice TEXT NOT NULL REFERENCES invoices (id), at INTEGER NOT NULL,
  by TEXT NOT NULL, paid_on TEXT NOT NULL, cents INTEGER NOT NULL, note TEXT NOT NULL,
  voided_at INTEGER, voided_by TEXT, void_reason TEXT
) STRICT;
CREATE INDEX payments_by_invoice ON payments (invoice);
-- Unusual access, as found in the event log: one row for each rule, person and thing. `detail` is in
-- JSON. `finding` is empty until somebody else reviewed it.
CREATE TABLE access_flags (
  id TEXT PRIMARY KEY, rule TEXT NOT NULL, person TEXT NOT NULL, day TEXT NOT NULL,
  recording TEXT NOT NULL, request TEXT NOT NULL, at INTEGER NOT NULL, detail TEXT NOT NULL,
  found_at INTEGER NOT NULL,
  outcome TEXT, finding TEXT NOT NULL DEFAULT '', reviewed_by TEXT, reviewed_at INTEGER,
  UNIQUE (rule, person, day, recording)
) STRICT;
