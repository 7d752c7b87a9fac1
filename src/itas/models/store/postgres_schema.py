"""The tables of a call store on PostgreSQL, and the two functions through which it is written.

Everything that one process has to write at a moment goes over as one call of `itas_write`: one round trip and one
transaction, so that no lock is ever held while a client is waited for. Locks are always taken in the same order:
draws, ledger rows, accounts, then the locks on requests and runs that a purchase needs.
"""

MIGRATIONS: dict[int, str] = {}
"""By version, what brings a store up to it from the one before."""

CLASS = "hashtext('itas ' || current_schema() || '{}')"
"""Number of a kind of advisory lock, of its own in each schema."""
OWNER_CLASS = CLASS.format("owner")
MIGRATION_CLASS = CLASS.format("migration")

_TABLES = """
CREATE TABLE itas_requests (
    key bytea PRIMARY KEY,         -- SHA-256 of the request
    body bytea NOT NULL,
    checksum bytea NOT NULL
);
CREATE TABLE itas_draws (
    key bytea NOT NULL,
    number bigint NOT NULL,
    body bytea NOT NULL,
    checksum bytea NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (key, number)
);
CREATE TABLE itas_damaged (        -- rows that did not fit their checksum, kept for whoever wants to look
    key bytea NOT NULL,
    number bigint NOT NULL,
    body bytea,
    checksum bytea
);
CREATE TABLE itas_owners (         -- processes that had the store open
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    opened_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    beats bigint NOT NULL DEFAULT 0  -- goes up every few seconds while a purchase is open
);
CREATE TABLE itas_ledger (
    id bigint PRIMARY KEY,
    owner integer NOT NULL,
    run text NOT NULL,
    model text NOT NULL,
    key bytea NOT NULL,
    first bigint NOT NULL,
    n bigint NOT NULL,
    reserved_micro_usd bigint,     -- NULL: the price is unknown
    booking text,                  -- NULL: still open; spent, void, uncertain
    micro_usd bigint,
    samples bigint NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX itas_ledger_open ON itas_ledger (key) WHERE booking IS NULL;
CREATE INDEX itas_ledger_owner ON itas_ledger (owner) WHERE booking IS NULL;
CREATE TABLE itas_accounts (       -- sums of the ledger; a row for each process, so that they do not wait in line
    run text NOT NULL,
    owner integer NOT NULL,
    spent bigint NOT NULL DEFAULT 0,
    uncertain bigint NOT NULL DEFAULT 0,
    reserved bigint NOT NULL DEFAULT 0,
    samples bigint NOT NULL DEFAULT 0,
    unpriced bigint NOT NULL DEFAULT 0,
    reserved_samples bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (run, owner)
) WITH (fillfactor = 50);
"""

_ADD = """
ON CONFLICT (run, owner) DO UPDATE SET
    spent = a.spent + excluded.spent, uncertain = a.uncertain + excluded.uncertain,
    reserved = a.reserved + excluded.reserved, samples = a.samples + excluded.samples,
    unpriced = a.unpriced + excluded.unpriced, reserved_samples = a.reserved_samples + excluded.reserved_samples
"""

SUMS = """
coalesce(sum(sign * micro_usd) FILTER (WHERE booking = 'spent'), 0)::bigint AS spent,
coalesce(sum(sign * micro_usd) FILTER (WHERE booking = 'uncertain'), 0)::bigint AS uncertain,
coalesce(sum(sign * reserved_micro_usd) FILTER (WHERE booking IS NULL), 0)::bigint AS reserved,
coalesce(sum(sign * samples) FILTER (WHERE booking IS NOT NULL), 0)::bigint AS samples,
coalesce(sum(sign) FILTER (WHERE booking IN ('spent', 'uncertain') AND micro_usd IS NULL), 0)::bigint AS unpriced,
coalesce(sum(sign * n) FILTER (WHERE booking IS NULL), 0)::bigint AS reserved_samples
"""
"""What ledger rows add to each of the sums; `sign` is 1, or -1 to take them back."""

_SETTLE = f"""
CREATE FUNCTION itas_settle(ids bigint[], bookings text[], amounts bigint[], counts bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM itas_ledger WHERE id = ANY (ids) ORDER BY id FOR UPDATE;
    WITH given AS (
        SELECT * FROM unnest(ids, bookings, amounts, counts) AS t (id, booking, micro_usd, samples)
    ), before AS (
        SELECT l.* FROM itas_ledger l JOIN given USING (id)
    ), done AS (
        UPDATE itas_ledger l SET booking = g.booking, micro_usd = g.micro_usd, samples = g.samples
        FROM given g WHERE l.id = g.id
    ), moved AS (
        SELECT run, owner, booking, reserved_micro_usd, n, micro_usd, samples, -1 AS sign FROM before
        UNION ALL
        SELECT b.run, b.owner, g.booking, b.reserved_micro_usd, b.n, g.micro_usd, g.samples, 1
        FROM before b JOIN given g USING (id)
    )
    INSERT INTO itas_accounts AS a
    SELECT run, owner, {SUMS} FROM moved GROUP BY run, owner ORDER BY run, owner
    {_ADD};
END $$;

CREATE FUNCTION itas_take_over(gone integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
    amounts bigint[];
    counts bigint[];
BEGIN
    SELECT array_agg(id), array_agg(reserved_micro_usd), array_agg(n) INTO ids, amounts, counts FROM (
        SELECT id, reserved_micro_usd, n FROM itas_ledger
        WHERE owner = gone AND booking IS NULL ORDER BY id FOR UPDATE
    ) AS still_open;
    PERFORM itas_settle(ids, array_fill('uncertain'::text, ARRAY[cardinality(ids)]), amounts, counts)
    WHERE ids IS NOT NULL;
    RETURN coalesce(cardinality(ids), 0);
END $$;
"""

_WRITE = f"""
CREATE FUNCTION itas_write(
    me integer, has_beat boolean,
    request_keys bytea[], request_bodies bytea[], request_checksums bytea[],
    draw_keys bytea[], draw_numbers bigint[], draw_bodies bytea[], draw_checksums bytea[],
    close_ids bigint[], close_bookings text[], close_amounts bigint[], close_samples bigint[],
    open_ids bigint[], open_runs text[], open_models text[], open_keys bytea[], open_firsts bigint[],
    open_ns bigint[], open_reserved bigint[], cap_amounts bigint[], cap_samples bigint[]
) RETURNS TABLE (kind text, place integer, found_body bytea, found_checksum bytea, numbers bigint[])
LANGUAGE plpgsql AS $$
DECLARE
    lock_at bigint;
    run_now text;
    run_open boolean := false;
    sums bigint[];       -- of the run: spent, uncertain, reserved, samples, unpriced, reserved samples
    new_reserved bigint;
    new_samples bigint;
    stored bigint;
    flight record;
    until bigint;
    outcome text;
BEGIN
    IF has_beat THEN
        UPDATE itas_owners SET beats = beats + 1, seen_at = clock_timestamp() WHERE id = me;
    END IF;

    -- Draws. A row that does not fit its checksum gives way; otherwise the first writer wins.
    IF cardinality(draw_keys) > 0 THEN
        INSERT INTO itas_requests
        SELECT * FROM unnest(request_keys, request_bodies, request_checksums) AS t (k, b, c) ORDER BY k
        ON CONFLICT DO NOTHING;
        WITH gone AS (
            DELETE FROM itas_draws d USING unnest(draw_keys, draw_numbers) AS g (k, nr)
            WHERE d.key = g.k AND d.number = g.nr AND d.checksum <> sha256(d.key || int8send(d.number) || d.body)
            RETURNING d.*
        )
        INSERT INTO itas_damaged SELECT key, number, body, checksum FROM gone;
        INSERT INTO itas_draws (key, number, body, checksum)
        SELECT k, nr, b, c FROM unnest(draw_keys, draw_numbers, draw_bodies, draw_checksums)
            WITH ORDINALITY AS t (k, nr, b, c, i)
        ORDER BY k, nr, i
        ON CONFLICT DO NOTHING;
        RETURN QUERY
        SELECT 'other', t.i::integer, d.body, d.checksum, NULL::bigint[]
        FROM unnest(draw_keys, draw_numbers, draw_checksums) WITH ORDINALITY AS t (k, nr, c, i)
        JOIN itas_draws d ON d.key = t.k AND d.number = t.nr
        WHERE d.checksum <> t.c;
    END IF;

    IF cardinality(close_ids) > 0 THEN
        PERFORM itas_settle(close_ids, close_bookings, close_amounts, close_samples);
    END IF;

    -- Purchases. Nobody else decides about the same requests, or under the caps of the same runs, meanwhile.
    FOR lock_at IN SELECT DISTINCT get_byte(k, 0) * 256 + get_byte(k, 1) AS b FROM unnest(open_keys) AS t (k) ORDER BY b
    LOOP
        PERFORM pg_advisory_xact_lock({CLASS.format("request")}, lock_at::integer);
    END LOOP;
    FOR lock_at IN
        SELECT DISTINCT hashtext(r) AS b FROM unnest(open_runs, cap_amounts, cap_samples) AS t (r, a, s)
        WHERE a IS NOT NULL OR s IS NOT NULL ORDER BY b
    LOOP
        PERFORM pg_advisory_xact_lock({CLASS.format("run")}, lock_at::integer);
    END LOOP;
    FOR i IN 1 .. cardinality(open_ids) LOOP  -- ordered by run
        IF NOT run_open OR run_now <> open_runs[i] THEN
            IF run_open AND new_samples > 0 THEN
                INSERT INTO itas_accounts AS a (run, owner, reserved, reserved_samples)
                VALUES (run_now, me, new_reserved, new_samples) {_ADD};
            END IF;
            run_open := true;
            run_now := open_runs[i];
            new_reserved := 0;
            new_samples := 0;
            SELECT ARRAY[coalesce(sum(spent), 0), coalesce(sum(uncertain), 0), coalesce(sum(reserved), 0),
                         coalesce(sum(samples), 0), coalesce(sum(unpriced), 0), coalesce(sum(reserved_samples), 0)]
            INTO sums FROM itas_accounts WHERE run = run_now;
        END IF;
        until := open_firsts[i] + open_ns[i];
        IF EXISTS (SELECT 1 FROM itas_ledger WHERE id = open_ids[i]) THEN  -- asked again after a broken connection
            outcome := 'opened';
        ELSE
            SELECT d.number INTO stored FROM itas_draws d
            WHERE d.key = open_keys[i] AND d.number >= open_firsts[i] AND d.number < until
                AND d.checksum = sha256(d.key || int8send(d.number) || d.body)
            ORDER BY d.number LIMIT 1;
            SELECT l.id, l.owner, greatest(l.first, open_firsts[i]) AS start INTO flight FROM itas_ledger l
            WHERE l.key = open_keys[i] AND l.booking IS NULL AND l.owner <> me
                AND l.first < until AND l.first + l.n > open_firsts[i]
            ORDER BY l.first LIMIT 1;
            IF stored = open_firsts[i] THEN
                outcome := 'found';
            ELSIF flight.start = open_firsts[i] THEN
                outcome := 'taken';
            ELSIF stored IS NOT NULL OR flight.start IS NOT NULL THEN
                outcome := 'shortened';
            ELSIF sums[1] + sums[2] + sums[3] + coalesce(open_reserved[i], 0) > cap_amounts[i]
                OR sums[4] + sums[6] + open_ns[i] > cap_samples[i] THEN
                outcome := 'capped';
            ELSE
                outcome := 'opened';
                INSERT INTO itas_ledger (id, owner, run, model, key, first, n, reserved_micro_usd)
                VALUES (open_ids[i], me, run_now, open_models[i], open_keys[i], open_firsts[i], open_ns[i],
                        open_reserved[i]);
                new_reserved := new_reserved + coalesce(open_reserved[i], 0);
                new_samples := new_samples + open_ns[i];
                sums[3] := sums[3] + coalesce(open_reserved[i], 0);
                sums[6] := sums[6] + open_ns[i];
            END IF;
        END IF;
        RETURN QUERY SELECT outcome, i, NULL::bytea, NULL::bytea, CASE outcome
            WHEN 'taken' THEN ARRAY[flight.id, flight.owner]
            WHEN 'shortened' THEN ARRAY[least(stored, flight.start) - open_firsts[i]]
            ELSE sums END;
    END LOOP;
    IF run_open AND new_samples > 0 THEN
        INSERT INTO itas_accounts AS a (run, owner, reserved, reserved_samples)
        VALUES (run_now, me, new_reserved, new_samples) {_ADD};
    END IF;
END $$;
"""

MIGRATIONS[1] = f"{_TABLES} {_SETTLE} {_WRITE}"
