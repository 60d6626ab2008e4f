-- The suggestions of a ledger as they were at a moment, told from the stored steps without any of Duban's code.
-- First the steps that stand, corrected and in the order of the procedure, then what each does to its suggestion.

CREATE TABLE steps AS SELECT position, case_id, version, wire,
    (state ->> '$.act.occurred_at')::TIMESTAMPTZ AS occurred_at,
    (state ->> '$.act.late')::BOOLEAN AS late,
    (state -> '$.step') AS step,
    (state ->> '$.step.voids')::BIGINT AS voids,
    (state ->> '$.step.corrects')::BIGINT AS corrects,
    (state ->> '$.step.occurred_at')::TIMESTAMPTZ AS corrected_at,
    (state ->> '$.step.changes.lead_unit') AS corrected_lead,
    coalesce(
        json_transform(state -> '$.deadlines', '[{"clock": "VARCHAR", "part": "VARCHAR", "due_on": "DATE"}]'), []
    ) AS deadlines
FROM stored;

CREATE MACRO answers(one) AS one.handling <> 'co' AND one.stage NOT IN ('reassigned', 'released');
CREATE MACRO is_with(one) AS one.stage NOT IN ('reassigned', 'released', 'returned');
CREATE MACRO share_of(shares, name) AS list_filter(shares, lambda share: share.unit = name)[1];
CREATE MACRO moved(shares, name, new) AS
    list_transform(shares, lambda one: CASE WHEN one.unit = name THEN struct_pack(
        unit := one.unit, handling := one.handling, stage := new
    ) ELSE one END);
CREATE MACRO given(shares, name, way) AS
    CASE WHEN share_of(shares, name) IS NULL
    THEN list_append(shares, struct_pack(unit := name, handling := way, stage := 'assigned'))
    ELSE list_transform(shares, lambda one: CASE WHEN one.unit = name THEN struct_pack(
        unit := name, handling := way, stage := 'assigned'
    ) ELSE one END) END;
CREATE MACRO all_have_replied(shares) AS
    len(list_filter(shares, lambda one: answers(one) AND one.stage <> 'replied')) = 0;
CREATE MACRO started(dues, found) AS list_concat(
    list_filter(dues, lambda one: len(list_filter(found, lambda new: new.clock = one.clock
        AND new.part IS NOT DISTINCT FROM one.part)) = 0),
    found
);
CREATE MACRO due_of(dues, name, about) AS
    list_filter(dues, lambda one: one.clock = name AND one.part IS NOT DISTINCT FROM about)[1].due_on;
CREATE MACRO extended(dues, name, about, day) AS list_transform(
    dues, lambda one: CASE WHEN one.clock = name AND one.part IS NOT DISTINCT FROM about
    THEN struct_pack(clock := one.clock, part := one.part, due_on := day) ELSE one END
);
CREATE MACRO answer_clock(round) AS CASE WHEN round = 1 THEN 'suggestion.reply' ELSE 'suggestion.redo' END;
CREATE MACRO answer_part(round) AS CASE WHEN round = 1 THEN NULL ELSE 'round-' || round END;
CREATE MACRO worst_grade(grades) AS
    list_filter(['dissatisfied', 'basically_satisfied', 'satisfied', 'not_stated'],
        lambda one: list_contains(grades, one))[1];
CREATE MACRO worst_outcome(outcomes) AS
    list_filter(['not_feasible', 'referred_up', 'reference_only', 'not_now', 'planned', 'in_progress', 'resolved'],
        lambda one: list_contains(outcomes, one))[1];

-- A void stands unless a later one that stands voids it; the last correction that stands holds; a late entry comes
-- before the first step that happened after it.
CREATE MACRO in_order(known, as_of) AS TABLE
WITH RECURSIVE told AS (SELECT * FROM steps WHERE position <= known),
walk AS (
    SELECT case_id, max(version) + 1 AS version, []::BIGINT[] AS voided FROM told GROUP BY case_id
    UNION ALL
    SELECT walk.case_id, told.version,
        CASE WHEN told.wire = 'case.voided.v1' AND NOT list_contains(walk.voided, told.version)
        THEN list_append(walk.voided, told.voids) ELSE walk.voided END
    FROM walk JOIN told ON told.case_id = walk.case_id AND told.version = walk.version - 1
),
void AS (SELECT case_id, unnest(voided) AS version FROM walk WHERE version = 1),
standing AS (SELECT * FROM told ANTI JOIN void USING (case_id, version)),
fixed AS (
    SELECT case_id, corrects AS version, last(corrected_at ORDER BY version) FILTER (corrected_at IS NOT NULL) AS right_at,
        last(corrected_lead ORDER BY version) FILTER (corrected_lead IS NOT NULL) AS lead,
        last(deadlines ORDER BY version) AS deadlines
    FROM standing AS fix WHERE wire = 'case.corrected.v1' GROUP BY case_id, corrects
),
dated AS (
    SELECT case_id, version, wire, late, step, coalesce(right_at, occurred_at) AS happened_at,
        coalesce(lead, step ->> '$.lead_unit') AS lead, coalesce(fixed.deadlines, standing.deadlines) AS deadlines,
        row_number() OVER (PARTITION BY case_id ORDER BY version) AS number
    FROM standing LEFT JOIN fixed USING (case_id, version) WHERE wire NOT IN ('case.voided.v1', 'case.corrected.v1')
),
line AS (
    SELECT DISTINCT case_id, 0::BIGINT AS number, []::STRUCT(version BIGINT, happened_at TIMESTAMPTZ)[] AS steps FROM dated
    UNION ALL
    SELECT case_id, dated.number,
        list_concat(steps[:coalesce(place - 1, len(steps))],
            [struct_pack(version := dated.version, happened_at := dated.happened_at)],
            CASE WHEN place IS NULL THEN [] ELSE steps[place:] END)
    FROM line JOIN dated USING (case_id),
    LATERAL (SELECT CASE WHEN late THEN nullif(list_position(
        list_transform(steps, lambda one: one.happened_at > dated.happened_at), true), 0) END AS place)
    WHERE dated.number = line.number + 1
),
placed AS (
    SELECT case_id, generate_subscripts(steps, 1) AS place, unnest(steps).version AS version
    FROM line SEMI JOIN (SELECT case_id, max(number) AS number FROM line GROUP BY case_id) USING (case_id, number)
)
SELECT case_id, wire, step, lead, deadlines, happened_at::DATE AS day,
    row_number() OVER (PARTITION BY case_id ORDER BY wire <> 'suggestion.submitted.v1', place) AS number
FROM placed JOIN dated USING (case_id, version) WHERE happened_at <= as_of;

-- Each suggestion as it stood at a moment: its stage, the shares of its units, its rounds with what was answered and
-- said in them, and until when an answer was due. One co-handler is read at most, and no step names units to reply again.
CREATE MACRO folded(known, as_of) AS TABLE
WITH RECURSIVE happened AS MATERIALIZED (
    SELECT *, step ->> '$.unit' AS unit, (step ->> '$.round')::BIGINT AS round,
        step ->> '$.co_units[0]' AS helper, step ->> '$.to_unit' AS heir, (step ->> '$.due_on')::DATE AS new_due
    FROM in_order(known, as_of)
),
fold AS (
    SELECT case_id, 1::BIGINT AS number, 'submitted' AS stage, false AS handed,
        []::STRUCT(unit VARCHAR, handling VARCHAR, stage VARCHAR)[] AS shares, []::VARCHAR[] AS former,
        []::BIGINT[] AS rounds, []::STRUCT(round BIGINT, day DATE)[] AS answers,
        []::STRUCT(round BIGINT, unit VARCHAR, meaning VARCHAR)[] AS replies,
        []::STRUCT(round BIGINT, grade VARCHAR)[] AS said, deadlines AS dues
    FROM happened WHERE number = 1 AND wire = 'suggestion.submitted.v1'
    UNION ALL
    SELECT case_id, number,
        CASE wire
            WHEN 'suggestion.reviewed.v1' THEN 'accepted'
            WHEN 'suggestion.handed_over.v1' THEN 'handed_over'
            WHEN 'suggestion.signed_for.v1' THEN CASE stage WHEN 'handed_over' THEN 'in_handling' ELSE stage END
            WHEN 'suggestion.reply_issued.v1' THEN CASE
                WHEN all_have_replied(shares) THEN 'replied' WHEN stage = 'handed_over' THEN 'in_handling' ELSE stage END
            WHEN 'suggestion.evaluation_submitted.v1' THEN CASE
                WHEN stage = 'replied' AND round = list_max(rounds) THEN 'evaluated' ELSE stage END
            WHEN 'suggestion.re_handling_ordered.v1' THEN 're_handling'
            WHEN 'suggestion.withdrawn.v1' THEN 'withdrawn'
            WHEN 'suggestion.closed.v1' THEN 'closed'
            ELSE stage
        END,
        handed OR wire = 'suggestion.handed_over.v1', shares, former, rounds,
        CASE
            WHEN wire = 'suggestion.handed_over.v1' OR wire = 'suggestion.reassigned.v1' AND passed_on <> 'co'
            THEN list_filter(answers, lambda one: one.round <> list_max(rounds))
            WHEN wire = 'suggestion.reply_issued.v1' AND all_have_replied(shares)
                AND len(list_filter(answers, lambda one: one.round = fold.round)) = 0
            THEN list_append(answers, struct_pack(round := round, day := day))
            ELSE answers
        END,
        CASE wire WHEN 'suggestion.reply_issued.v1'
            THEN list_append(replies, struct_pack(round := round, unit := unit, meaning := step ->> '$.normalised'))
            ELSE replies END,
        CASE wire WHEN 'suggestion.evaluation_submitted.v1'
            THEN list_append(said, struct_pack(round := round, grade := step ->> '$.result')) ELSE said END,
        CASE WHEN wire <> 'suggestion.extension_granted.v1' THEN started(dues, deadlines)
            WHEN round = 1 AND due_of(dues, 'suggestion.unit_reply', unit) IS NOT NULL
            THEN CASE WHEN due_of(dues, answer_clock(round), answer_part(round)) < new_due
                THEN extended(extended(dues, 'suggestion.unit_reply', unit, new_due), answer_clock(round),
                    answer_part(round), new_due)
                ELSE extended(dues, 'suggestion.unit_reply', unit, new_due) END
            ELSE extended(dues, answer_clock(round), answer_part(round), new_due) END
    FROM (
        SELECT fold.* EXCLUDE (number, shares, former, rounds), happened.* EXCLUDE (case_id),
            share_of(shares, unit).handling AS passed_on,
            CASE wire
                WHEN 'suggestion.handed_over.v1' THEN CASE WHEN helper IS NULL THEN given(shares, lead, 'lead')
                    ELSE given(given(shares, lead, 'lead'), helper, 'co') END
                WHEN 'suggestion.signed_for.v1' THEN moved(shares, unit, 'signed_for')
                WHEN 'suggestion.return_requested.v1' THEN moved(shares, unit, 'return_requested')
                WHEN 'suggestion.return_approved.v1' THEN moved(shares, unit, 'returned')
                WHEN 'suggestion.reassigned.v1' THEN CASE WHEN share_of(shares, unit) IS NULL THEN shares
                    ELSE given(moved(shares, unit, 'reassigned'), heir, share_of(shares, unit).handling) END
                WHEN 'suggestion.reply_issued.v1' THEN moved(shares, unit, 'replied')
                WHEN 'suggestion.re_handling_ordered.v1' THEN list_transform(shares, lambda one:
                    CASE WHEN answers(one) OR one.handling = 'co' AND is_with(one) THEN struct_pack(
                        unit := one.unit, handling := one.handling, stage := 're_handling'
                    ) ELSE one END)
                ELSE shares
            END AS shares,
            list_concat(former, list_filter(
                CASE wire WHEN 'suggestion.handed_over.v1' THEN [lead, helper]
                WHEN 'suggestion.reassigned.v1' THEN [CASE WHEN share_of(shares, unit) IS NOT NULL THEN heir END]
                ELSE [] END,
                lambda one: share_of(shares, one) IS NOT NULL
            )) AS former,
            CASE WHEN wire = 'suggestion.handed_over.v1' AND NOT list_contains(rounds, 1) THEN list_append(rounds, 1)
                WHEN round IS NOT NULL AND wire <> 'suggestion.extension_granted.v1'
                    AND NOT list_contains(rounds, round) THEN list_append(rounds, round)
                ELSE rounds END AS rounds
        FROM fold JOIN happened ON happened.case_id = fold.case_id AND happened.number = fold.number + 1
    ) AS fold
)
SELECT fold.* FROM fold JOIN (SELECT case_id, max(number) AS number FROM fold GROUP BY case_id) USING (case_id, number);

-- What they add to the figures of the units that lead them, on the day of the moment.
CREATE MACRO suggestions_by_unit(known, as_of) AS TABLE
WITH seen AS (
    SELECT *, stage IN ('withdrawn', 'not_accepted', 'converted_to_letter') AS over,
        coalesce(list_max(rounds), 1) AS round, (as_of::TIMESTAMPTZ)::DATE AS today,
        list_filter(shares, lambda one: is_with(one) AND one.handling = 'lead')[1].unit AS lead,
        list_filter(answers, lambda one: one.round = 1)[1].day AS replied_on,
        due_of(dues, 'suggestion.reply', NULL) AS first_due
    FROM folded(known, as_of)
),
judged AS (
    SELECT *, len(list_filter(answers, lambda one: one.round = seen.round)) > 0 AS answered,
        due_of(dues, answer_clock(round), answer_part(round)) AS due,
        handed AND (NOT over OR replied_on IS NOT NULL) AS is_counted,
        list_filter(list_transform(shares, lambda one: CASE WHEN answers(one)
            THEN list_filter(replies, lambda reply: reply.unit = one.unit AND reply.round = list_max(list_transform(
                list_filter(replies, lambda other: other.unit = one.unit), lambda other: other.round
            )))[-1] END), lambda reply: reply IS NOT NULL) AS last_replies,
        list_filter(said, lambda one: one.round = 1)[-1].grade AS first_grade,
        list_filter(said, lambda one: one.round = list_max(list_transform(said, lambda other: other.round)))[-1].grade
            AS whole
    FROM seen
),
graded AS (
    SELECT *, CASE WHEN whole IS NOT NULL THEN worst_grade(list_append(
        list_transform(replies, lambda reply: list_filter(said, lambda one: one.round = list_max(list_transform(
            list_filter(replies, lambda other: other.unit = reply.unit
                AND list_contains(list_transform(said, lambda word: word.round), other.round)),
            lambda other: other.round
        )))[-1].grade), whole
    )) END AS grade,
    CASE WHEN len(list_filter(last_replies, lambda one: one.meaning IS NULL)) = 0
    THEN worst_outcome(list_transform(last_replies, lambda one: one.meaning)) END AS outcome
    FROM judged
)
SELECT lead AS unit, count(*) AS opened,
    count(*) FILTER (NOT over AND stage <> 'closed') AS open,
    count(*) FILTER (over) AS over,
    count(*) FILTER (handed) AS handed_over,
    count(*) FILTER (handed AND NOT answered AND NOT over) AS waiting,
    count(*) FILTER (handed AND NOT answered AND NOT over AND due < today) AS overdue,
    count(*) FILTER (answered) AS answered,
    count(*) FILTER (is_counted) AS counted,
    count(*) FILTER (is_counted AND replied_on IS NOT NULL) AS replied,
    count(*) FILTER (is_counted AND replied_on <= first_due) AS on_time,
    count(*) FILTER (is_counted AND coalesce(replied_on, today) > first_due) AS late,
    count(*) FILTER (is_counted AND replied_on IS NULL AND first_due < today) AS unanswered_past_due,
    count(*) FILTER (is_counted AND grade <> 'not_stated') AS evaluated,
    count(*) FILTER (is_counted AND grade = 'satisfied') AS satisfied,
    count(*) FILTER (is_counted AND grade = 'basically_satisfied') AS basically_satisfied,
    count(*) FILTER (is_counted AND grade = 'dissatisfied') AS dissatisfied,
    count(*) FILTER (is_counted AND grade = 'not_stated') AS grade_not_stated,
    count(*) FILTER (is_counted AND first_grade = 'dissatisfied') AS first_dissatisfied,
    count(*) FILTER (
        is_counted AND first_grade = 'dissatisfied' AND grade IN ('satisfied', 'basically_satisfied')
    ) AS turned_satisfied,
    count(*) FILTER (is_counted AND outcome = 'resolved') AS outcome_resolved,
    count(*) FILTER (is_counted AND outcome = 'in_progress') AS outcome_in_progress,
    count(*) FILTER (is_counted AND round > 1) AS handled_again
FROM graded GROUP BY lead;

-- The shares of units, those included that were given to the same unit again.
CREATE MACRO shares_by_unit(known, as_of) AS TABLE
WITH seen AS (
    SELECT former, shares FROM folded(known, as_of) WHERE handed AND (
        stage NOT IN ('withdrawn', 'not_accepted', 'converted_to_letter')
        OR len(list_filter(answers, lambda one: one.round = 1)) > 0
    )
)
SELECT unit, count(*) AS assigned
FROM (SELECT unnest(former) AS unit FROM seen UNION ALL SELECT unnest(shares).unit FROM seen) GROUP BY unit;
