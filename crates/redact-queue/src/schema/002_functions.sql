-- All changes that a worker may make. Each function runs with the rights of the owner of the
-- tables, and refuses a worker that the login role did not register. Every function that changes a
-- chunk locks its job first, so that two of them never wait for each other.

CREATE FUNCTION redact.check_own(a_worker text) RETURNS redact.worker
LANGUAGE plpgsql SECURITY DEFINER SET search_path = redact, pg_temp AS $$
DECLARE found_worker redact.worker;
BEGIN
    SELECT * INTO found_worker FROM worker WHERE id = a_worker AND role = session_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'worker % was not registered by role %', a_worker, session_user
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN found_worker;
END $$;

CREATE FUNCTION redact.add_pool(a_version text, a_models text, a_cpu text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = redact, pg_temp AS $$
DECLARE pool_id text := encode(
    sha256(convert_to(a_version || E'\n' || a_models || E'\n' || a_cpu, 'UTF8')), 'hex');
BEGIN
    INSERT INTO pool (id, version, models, cpu) VALUES (pool_id, a_version, a_models, a_cpu)
        ON CONFLICT (id) DO NOTHING;
    RETURN pool_id;
END $$;

CREATE FUNCTION redact.register(
    a_worker text, a_name text, a_version text, a_models text, a_cpu text, a_host text,
    a_segment_key text, a_slots integer, a_lease interval
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = redact, pg_temp AS $$
DECLARE pool_id text := add_pool(a_version, a_models, a_cpu);
BEGIN
    INSERT INTO worker (id, name, pool, host, segment_key, slots, role, lease)
        VALUES (a_worker, a_name, pool_id, a_host, a_segment_key, a_slots, session_user, a_lease)
        ON CONFLICT (id) DO NOTHING;
    PERFORM check_own(a_worker);
    RETURN pool_id;
END $$;

-- Ends a claim without an output: the chunk waits for its next attempt, or for a person.
CREATE FUNCTION redact.release(a_job bigint, an_index integer, why text, is_dispatched boolean)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = redact, pg_temp AS $$
DECLARE new_state text;
BEGIN
    UPDATE chunk SET
        state = CASE WHEN attempts >= 3 THEN 'needs_person' ELSE 'queued' END,
        generation = generation + 1,
        dispatch = dispatch + CASE WHEN is_dispatched THEN 0 ELSE 1 END,
        deadline = NULL,
        ended = now(),
        failure = why
        WHERE job = a_job AND index = an_index
        RETURNING state INTO new_state;
    IF new_state = 'needs_person' THEN
        UPDATE job SET state = 'needs_person', ended = now()
            WHERE id = a_job AND state = 'running';
    END IF;
    RETURN new_state;
END $$;

-- A lease counts from the database's own start, too, and from when workers of the pool were first
-- heard of again: they cannot renew it while the database is away, and need not pay for that.
CREATE FUNCTION redact.has_lapsed(a_deadline timestamptz, a_lease interval, a_pool text)
RETURNS boolean
LANGUAGE sql STABLE SET search_path = redact, pg_temp AS $$
    SELECT greatest(a_deadline, pg_postmaster_start_time() + a_lease, p.resumed + a_lease)
        < clock_timestamp()
    FROM pool p WHERE p.id = a_pool
$$;

-- Whether a worker may still be at work.
CREATE FUNCTION redact.is_live(a_worker redact.worker) RETURNS boolean
LANGUAGE sql STABLE SET search_path = redact, pg_temp AS $$
    SELECT a_worker.stopped IS NULL AND greatest(a_worker.seen, pg_postmaster_start_time())
        + a_worker.lease >= clock_timestamp()
$$;

-- Ends a claim whose lease lapsed.
CREATE FUNCTION redact.bury(a_job bigint, an_index integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = redact, pg_temp AS $$
BEGIN
    UPDATE chunk SET deaths = deaths + 1 WHERE job = a_job AND index = an_index;
    RETURN release(a_job, an_index,
        'the worker died or lost the database: its lease ended', false);
END $$;

CREATE FUNCTION redact.claim(a_worker text, a_job bigint, an_index integer)
RETURNS TABLE (
    outcome text, generation integer, attempts integer, kind text, label text, plan text,
    source_path text, source_sha256 text, source_bytes bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = redact, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me redact.worker := check_own(a_worker);
    of_job redact.job;
    found_chunk redact.chunk;
BEGIN
    -- One claim of a worker at a time.
    PERFORM FROM worker WHERE id = me.id FOR NO KEY UPDATE;
    SELECT * INTO of_job FROM job WHERE id = a_job FOR UPDATE;
    SELECT * INTO found_chunk FROM chunk WHERE job = a_job AND index = an_index;
    IF of_job.pool IS DISTINCT FROM me.pool OR found_chunk.job IS NULL THEN
        RETURN QUERY SELECT 'absent', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL::bigint;
        RETURN;
    END IF;
    IF found_chunk.state = 'running'
        AND has_lapsed(found_chunk.deadline, found_chunk.lease, me.pool) THEN
        found_chunk.state := bury(a_job, an_index);
        found_chunk.deaths := found_chunk.deaths + 1;
    END IF;
    IF found_chunk.state <> 'queued' THEN
        RETURN QUERY SELECT 'taken', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL::bigint;
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM chunk c WHERE c.worker = me.id AND c.state = 'running'
        AND (c.deaths > 0 OR found_chunk.deaths > 0)) THEN
        RETURN QUERY SELECT 'later', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL::bigint;
        RETURN;
    END IF;
    UPDATE chunk SET
        state = 'running', generation = generation + 1, attempts = attempts + 1,
        worker = a_worker, started = now(), ended = NULL, lease = me.lease,
        deadline = clock_timestamp() + me.lease
        WHERE job = a_job AND index = an_index
        RETURNING * INTO found_chunk;
    RETURN QUERY SELECT 'claimed', found_chunk.generation, found_chunk.attempts, of_job.kind,
        of_job.label, of_job.plan, of_job.source_path, of_job.source_sha256, of_job.source_bytes;
END $$;

CREATE FUNCTION redact.commit_output(
    a_worker text, a_job bigint, an_index integer, a_generation integer, sha256_hex text,
    n_bytes bigint
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = redact, pg_temp AS $$
DECLARE
    me redact.worker := check_own(a_worker);
    of_job redact.job;
    found_chunk redact.chunk;
BEGIN
    SELECT * INTO of_job FROM job WHERE id = a_job FOR UPDATE;
    SELECT * INTO found_chunk FROM chunk WHERE job = a_job AND index = an_index;
    IF found_chunk.job IS NULL THEN
        RETURN 'superseded';
    END IF;
    IF found_chunk.state = 'done' THEN
        IF found_chunk.output_sha256 = sha256_hex THEN
            -- Also the answer to a commit that is sent again because its answer was lost.
            RETURN CASE WHEN found_chunk.worker = me.id AND found_chunk.generation = a_generation
                THEN 'committed' ELSE 'superseded' END;
        END IF;
        IF of_job.kind = 'scan' AND of_job.pool = me.pool THEN
            INSERT INTO alarm (job, index, committed, other, worker)
                VALUES (a_job, an_index, found_chunk.output_sha256, sha256_hex, me.id);
            RETURN 'differs';
        END IF;
        RETURN 'superseded';
    END IF;
    UPDATE chunk SET
        state = 'done', output_sha256 = sha256_hex, bytes = n_bytes, ended = now(),
        deadline = NULL, failure = NULL
        WHERE job = a_job AND index = an_index AND generation = a_generation
            AND worker = me.id AND state = 'running';
    IF NOT FOUND THEN
        RETURN 'superseded';
    END IF;
    UPDATE job SET state = 'done', ended = now()
        WHERE id = a_job AND state = 'running'
            AND NOT EXISTS (SELECT FROM chunk WHERE job = a_job AND state <> 'done');
    RETURN 'committed';
END $$;

-- Ends a claim that failed. `how`: 'failed' counts; 'stopped' does not; 'excused' (a full disk) does
-- not count three times.
CREATE FUNCTION redact.fail(
    a_worker text, a_job bigint, an_index integer, a_generation integer, how text, why text
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = redact, pg_temp AS $$
DECLARE
    me redact.worker := check_own(a_worker);
    found_chunk redact.chunk;
BEGIN
    PERFORM FROM job WHERE id = a_job FOR UPDATE;
    SELECT * INTO found_chunk FROM chunk WHERE job = a_job AND index = an_index;
    IF found_chunk.state IS DISTINCT FROM 'running' OR found_chunk.worker <> me.id
        OR found_chunk.generation <> a_generation THEN
        RETURN 'superseded';
    END IF;
    IF how = 'stopped' OR (how = 'excused' AND found_chunk.excused < 3) THEN
        UPDATE chunk SET attempts = attempts - 1,
            excused = excused + CASE WHEN how = 'excused' THEN 1 ELSE 0 END
            WHERE job = a_job AND index = an_index;
    END IF;
    RETURN release(a_job, an_index, why, true);
END $$;

-- Renews the leases of the claims that the worker still has, and returns those that it lost. Claims
-- that the worker does not know of, because the answer never reached it, go back without counting.
CREATE FUNCTION redact.beat(
    a_worker text, jobs bigint[], indexes integer[], generations integer[]
) RETURNS TABLE (job bigint, index integer, generation integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = redact, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me redact.worker := check_own(a_worker);
    unknown record;
BEGIN
    UPDATE worker SET seen = now(), stopped = NULL WHERE id = me.id;
    FOR unknown IN
        SELECT c.job, c.index FROM chunk c
        WHERE c.worker = me.id AND c.state = 'running'
            AND c.started < now() - interval '10 seconds'
            AND (c.job, c.index, c.generation)
                NOT IN (SELECT * FROM unnest(jobs, indexes, generations))
        ORDER BY c.job, c.index
    LOOP
        PERFORM FROM job WHERE id = unknown.job FOR UPDATE;
        UPDATE chunk SET attempts = attempts - 1
            WHERE job = unknown.job AND index = unknown.index AND state = 'running'
                AND worker = me.id;
        IF FOUND THEN
            PERFORM release(unknown.job, unknown.index, 'the claim did not reach the worker', false);
        END IF;
    END LOOP;
    RETURN QUERY
    WITH given AS (
        SELECT * FROM unnest(jobs, indexes, generations) AS g (job, index, generation)
    ), renewed AS (
        UPDATE chunk c SET deadline = clock_timestamp() + me.lease
        FROM given g
        WHERE c.job = g.job AND c.index = g.index AND c.generation = g.generation
            AND c.worker = me.id AND c.state = 'running'
        RETURNING c.job, c.index, c.generation
    )
    SELECT * FROM given EXCEPT SELECT * FROM renewed;
END $$;

CREATE FUNCTION redact.leave(a_worker text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = redact, pg_temp AS $$
BEGIN
    PERFORM check_own(a_worker);
    UPDATE worker SET stopped = now() WHERE id = a_worker;
END $$;

-- Ends lapsed leases, and names chunks that wait although no message says so; the caller sends
-- them. Of several callers within two seconds, only one does anything.
CREATE FUNCTION redact.sweep(a_pool text, n_max integer)
RETURNS TABLE (job bigint, index integer, dispatch integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = redact, pg_temp AS $$
#variable_conflict use_column
DECLARE lapsed record;
BEGIN
    -- Where nobody swept for long, nobody reached the database, though it was up.
    UPDATE pool SET swept = clock_timestamp(),
        resumed = CASE WHEN swept < clock_timestamp() - interval '15 seconds'
            THEN clock_timestamp() ELSE resumed END
        WHERE id = a_pool AND swept < clock_timestamp() - interval '2 seconds';
    IF NOT FOUND THEN
        RETURN;
    END IF;
    FOR lapsed IN
        SELECT c.job, c.index FROM chunk c JOIN job j ON j.id = c.job
        WHERE c.state = 'running' AND j.pool = a_pool AND has_lapsed(c.deadline, c.lease, a_pool)
        ORDER BY c.job, c.index
    LOOP
        PERFORM FROM job WHERE id = lapsed.job FOR UPDATE;
        PERFORM FROM chunk c WHERE c.job = lapsed.job AND c.index = lapsed.index
            AND c.state = 'running' AND has_lapsed(c.deadline, c.lease, a_pool);
        IF FOUND THEN
            PERFORM bury(lapsed.job, lapsed.index);
        END IF;
    END LOOP;
    RETURN QUERY
    UPDATE chunk c SET dispatch = c.dispatch + 1
    FROM (
        SELECT q.job, q.index FROM chunk q JOIN job j ON j.id = q.job
        WHERE q.state = 'queued' AND j.pool = a_pool AND NOT EXISTS (
            SELECT FROM apalis.jobs m
            WHERE m.job_type = a_pool
                AND m.idempotency_key = q.job || '/' || q.index || '/' || q.dispatch
                AND m.status IN ('Pending', 'Queued', 'Running'))
        ORDER BY q.job, q.index
        LIMIT n_max
        FOR UPDATE OF q SKIP LOCKED
    ) lost
    WHERE c.job = lost.job AND c.index = lost.index
    RETURNING c.job, c.index, c.dispatch;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA redact FROM PUBLIC;
