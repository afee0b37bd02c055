-- What is to be done, what was done, and by whom. The engine's messages say only that there may be
-- something to do: these tables are the truth.

CREATE SCHEMA IF NOT EXISTS redact;

CREATE TABLE redact.schema (version integer NOT NULL);

-- Machines that give the same bytes: one version of the program, one set of models, one set of
-- processor features.
CREATE TABLE redact.pool (
    id text PRIMARY KEY,
    version text NOT NULL,
    models text NOT NULL,
    cpu text NOT NULL,
    swept timestamptz NOT NULL DEFAULT '-infinity',
    resumed timestamptz NOT NULL DEFAULT '-infinity'
);

-- One run of one worker process. A process that starts again is a new row.
CREATE TABLE redact.worker (
    id text PRIMARY KEY,
    name text NOT NULL,
    pool text NOT NULL REFERENCES redact.pool (id),
    host text NOT NULL,
    segment_key text,
    slots integer NOT NULL CHECK (slots > 0),
    role text NOT NULL,
    lease interval NOT NULL,
    started timestamptz NOT NULL DEFAULT now(),
    seen timestamptz NOT NULL DEFAULT now(),
    stopped timestamptz
);

CREATE INDEX worker_seen ON redact.worker (pool, seen);

CREATE TABLE redact.job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('scan', 'render')),
    label text NOT NULL,
    plan text NOT NULL,
    source_path text,
    source_sha256 text,
    source_bytes bigint,
    pool text NOT NULL REFERENCES redact.pool (id),
    chunks integer NOT NULL CHECK (chunks > 0),
    state text NOT NULL DEFAULT 'running'
        CHECK (state IN ('running', 'done', 'needs_person', 'cancelled')),
    submitter text NOT NULL,
    submitted timestamptz NOT NULL DEFAULT now(),
    ended timestamptz
);

-- `generation` fences: it changes with every claim and whenever a claim ends without an output, and
-- only the claim that has it may commit. `dispatch` numbers the messages about a chunk. `deaths`
-- counts workers that died while they had it: the next one does it alone, so that a chunk that kills
-- its worker harms no other.
CREATE TABLE redact.chunk (
    job bigint NOT NULL REFERENCES redact.job (id) ON DELETE CASCADE,
    index integer NOT NULL CHECK (index >= 0),
    generation integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'done', 'needs_person', 'cancelled')),
    attempts integer NOT NULL DEFAULT 0,
    excused integer NOT NULL DEFAULT 0,
    deaths integer NOT NULL DEFAULT 0,
    dispatch integer NOT NULL DEFAULT 0,
    worker text REFERENCES redact.worker (id),
    started timestamptz,
    deadline timestamptz,
    lease interval,
    ended timestamptz,
    output_sha256 text CHECK (output_sha256 ~ '^[0-9a-f]{64}$'),
    bytes bigint CHECK (bytes >= 0),
    failure text,
    PRIMARY KEY (job, index),
    CHECK ((state = 'done') = (output_sha256 IS NOT NULL))
);

CREATE INDEX chunk_open ON redact.chunk (state, job) WHERE state IN ('queued', 'running');
CREATE INDEX chunk_worker ON redact.chunk (worker) WHERE state = 'running';

-- Two outputs of one scan chunk, from machines that should give the same bytes.
CREATE TABLE redact.alarm (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job bigint NOT NULL REFERENCES redact.job (id) ON DELETE CASCADE,
    index integer NOT NULL,
    committed text NOT NULL,
    other text NOT NULL,
    worker text NOT NULL,
    raised timestamptz NOT NULL DEFAULT now()
);

-- A worker's role reads its own rows. The owner of the tables is not subject to these rules.
ALTER TABLE redact.worker ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_worker ON redact.worker FOR SELECT USING (role = session_user);
ALTER TABLE redact.chunk ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_chunk ON redact.chunk FOR SELECT
    USING (worker IN (SELECT w.id FROM redact.worker w));
