package main

// The formats of §4 that came later: years of a log (duban-shard/1), logs begun
// in place of another one (duban-fork/1) and the last steps of all cases
// (duban-case-heads/1).

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const maxHeads = 1 << 30 // bytes of a file of heads, unpacked

// ---- duban-shard/1: a year

// A year is what the first line of its file says.
type year struct {
	ledger       string
	number       int // YYYY
	begins, ends time.Time
	from, to     string // both as they stand there
	opening      *checkpoint
	closing      checkpoint
	size, last   int64       // B and L
	frontier     []tlog.Hash // of the first B entries
	proof        []tlog.Hash // from the first L entries to closing
	after        *tlog.Hash  // leaf of record L + 1, if the year is closed
	entered      tlog.Hash   // leaf of record B + 1
	heads        *heads
	stamped      bool
}

// readYear reads the first line and checks all that does not need the records.
func readYear(keys *keySet, first []byte) (*year, error) {
	m, err := fields(first, "format", "ledger_id", "begins", "ends", "opening", "closing")
	if err != nil {
		return nil, err
	}
	y := &year{}
	if y.ledger, err = ledgerName(m[1]); err != nil {
		return nil, err
	}
	if y.from, y.begins, err = newYear(m[2]); err != nil {
		return nil, fmt.Errorf("begins: %w", err)
	}
	if y.to, y.ends, err = newYear(m[3]); err != nil {
		return nil, fmt.Errorf("ends: %w", err)
	}
	y.number = y.begins.Year() // in its own offset
	if y.ends.Year() != y.number+1 {
		return nil, fmt.Errorf("the years %s and %s do not follow each other", y.from, y.to)
	}
	if err := y.readOpening(keys, m[4]); err != nil {
		return nil, fmt.Errorf("opening: %w", err)
	}
	if err := y.readClosing(keys, m[5]); err != nil {
		return nil, fmt.Errorf("closing: %w", err)
	}
	return y, nil
}

var newYearForm = regexp.MustCompile(`^\d{4}-01-01T00:00:00[+-]([01]\d|2[0-3]):[0-5]\d$`)

func newYear(raw []byte) (string, time.Time, error) {
	s, err := text(raw)
	if err != nil {
		return "", time.Time{}, err
	}
	if !newYearForm.MatchString(s) {
		return s, time.Time{}, fmt.Errorf("%q is not of the form YYYY-01-01T00:00:00±hh:mm", s)
	}
	t, err := time.Parse("2006-01-02T15:04:05-07:00", s)
	return s, t, err
}

func (y *year) readOpening(keys *keySet, raw []byte) error {
	m, err := fields(raw, "size", "frontier", "before?", "checkpoint?", "proof?")
	if err != nil {
		return err
	}
	if y.size, err = number62(m[0]); err != nil {
		return fmt.Errorf("size: %w", err)
	}
	if y.frontier, err = proofHashes(m[1]); err != nil {
		return fmt.Errorf("frontier: %w", err)
	}
	if want := bits.OnesCount64(uint64(y.size)); len(y.frontier) != want {
		return fmt.Errorf("frontier: %d hashes, size %d has %d", len(y.frontier), y.size, want)
	}
	root := (&tree{y.size, y.frontier}).root()
	switch {
	case y.size == 0 && (m[2] != nil || m[3] != nil || m[4] != nil):
		return errors.New("nothing is before the size 0")
	case y.size == 0:
		return nil
	case m[2] == nil:
		return errors.New("before is missing")
	case (m[3] == nil) != (m[4] == nil):
		return errors.New("only one of checkpoint and proof")
	}
	var at time.Time
	if _, at, err = y.neighbour(m[2], y.size, y.size, root); err != nil {
		return fmt.Errorf("before: %w", err)
	}
	if !at.Before(y.begins) {
		return errors.New("before: the record before the year was not recorded before it")
	}
	if m[3] == nil {
		return nil
	}
	c, err := keys.checkpointMember("opening.checkpoint", m[3])
	if err != nil {
		return err
	}
	y.opening = &c
	return continues(c, checkpoint{size: y.size, root: root}, m[4])
}

func (y *year) readClosing(keys *keySet, raw []byte) error {
	m, err := fields(raw, "size", "checkpoint", "proof", "after?", "time_stamp?", "case_heads?")
	if err != nil {
		return err
	}
	if y.last, err = number62(m[0]); err != nil {
		return fmt.Errorf("size: %w", err)
	}
	if y.last <= y.size {
		return fmt.Errorf("size %d is not above that of opening, %d", y.last, y.size)
	}
	if y.closing, err = keys.checkpointMember("closing.checkpoint", m[1]); err != nil {
		return err
	}
	c := y.closing
	if c.size < y.last {
		return fmt.Errorf("checkpoint of size %d does not cover the year up to %d", c.size, y.last)
	}
	if y.proof, err = proofHashes(m[2]); err != nil {
		return fmt.Errorf("proof: %w", err)
	}
	if (m[3] != nil) != (c.size > y.last) {
		return errors.New("after is there if the checkpoint is larger than the year, and only then")
	}
	if m[3] != nil {
		leaf, at, err := y.neighbour(m[3], y.last+1, c.size, c.root)
		if err != nil {
			return fmt.Errorf("after: %w", err)
		}
		if at.Before(y.ends) {
			return errors.New("after: the record after the year was recorded before its end")
		}
		y.after = &leaf
	}
	if m[4] != nil { // no authority's certificates here: passed over
		if _, err := bytes64(m[4]); err != nil {
			return fmt.Errorf("time_stamp: %w", err)
		}
		y.stamped = true
	}
	if m[5] != nil {
		packed, err := bytes64(m[5])
		if err != nil {
			return fmt.Errorf("case_heads: %w", err)
		}
		if y.heads, err = keys.readPackedHeads(bytes.NewReader(packed)); err != nil {
			return fmt.Errorf("case_heads: %w", err)
		}
		if !y.heads.checkpoint.same(c) {
			return errors.New("case_heads: its checkpoint is not closing.checkpoint")
		}
	}
	return nil
}

// neighbour reads before or after: the entry of a record and its inclusion proof.
// Of its ten lines only the first three and the seventh matter, rule 5.
func (y *year) neighbour(raw []byte, position, size int64, root tlog.Hash) (leaf tlog.Hash, at time.Time, err error) {
	m, err := fields(raw, "entry", "proof")
	if err != nil {
		return leaf, at, err
	}
	entry, err := bytes64(m[0])
	if err != nil {
		return leaf, at, fmt.Errorf("entry: %w", err)
	}
	line := strings.Split(string(entry), "\n")
	if len(entry) > maxEntry || len(line) != 11 || line[10] != "" {
		return leaf, at, errors.New("entry: not ten lines, each ended by a line feed")
	}
	for i, want := range []string{"duban-leaf/1", y.ledger, strconv.FormatInt(position, 10)} {
		if line[i] != want {
			return leaf, at, fmt.Errorf("entry: line %d is %q, not %q", i+1, line[i], want)
		}
	}
	if at, err = parseStamp(line[6]); err != nil {
		return leaf, at, fmt.Errorf("entry: line 7: %w", err)
	}
	proof, err := proofHashes(m[1])
	if err != nil {
		return leaf, at, fmt.Errorf("proof: %w", err)
	}
	leaf = tlog.RecordHash(entry)
	if err := tlog.CheckRecord(proof, size, root, position-1, leaf); err != nil {
		return leaf, at, fmt.Errorf("proof of position %d: %w", position, err)
	}
	return leaf, at, nil
}

// sort tells the checkpoints whose roots are computed here from those of which
// the file says nothing; others have to be those of the file.
func (y *year) sort(held []checkpoint) (inside, outside []checkpoint, err error) {
	own := []checkpoint{y.closing}
	if y.opening != nil {
		own = append(own, *y.opening)
	}
	for _, c := range own {
		if err := forked(held, c); err != nil {
			return nil, nil, err
		}
	}
	for _, h := range held {
		switch {
		case h.size >= 1 && h.size >= y.size && h.size <= y.last:
			inside = append(inside, h)
		case agree([]checkpoint{h}, own...) != nil:
			outside = append(outside, h)
		}
	}
	return inside, outside, nil
}

// walk checks the records. steps comes from the year before, or is as start made it.
// It returns the tree up to the end of the year.
func (y *year) walk(in *bufio.Reader, steps *chain, inside []checkpoint) (*growth, error) {
	g := &growth{goal: checkpoint{size: y.last}, held: inside}
	g.tree = tree{y.size, append([]tlog.Hash{}, y.frontier...)}
	if err := g.passed(); err != nil {
		return nil, err
	}
	here := map[string]tip{} // the cases with a record of this year
	err := eachRecord(y.ledger, in, func(r *row) error {
		if r.time.Before(y.begins) || !r.time.Before(y.ends) {
			return fmt.Errorf("recorded_at %s is not in the year", r.recordedAt)
		}
		err := steps.next(r)
		if err == nil {
			err = g.add(r.leaf)
		}
		if r.position == y.size+1 {
			y.entered = r.leaf
		}
		here[r.caseID] = tip{r.version, r.leaf}
		return err
	})
	if err != nil {
		return nil, err
	}
	if g.n != y.last {
		return nil, fmt.Errorf("the records end at position %d, closing.size is %d", g.n, y.last)
	}
	if err := tlog.CheckTree(y.proof, y.closing.size, y.closing.root, y.last, g.root()); err != nil {
		return nil, fmt.Errorf("closing.proof: from size %d to %d: %w", y.last, y.closing.size, err)
	}
	if y.heads != nil {
		for id, t := range here {
			line, ok := y.heads.last[id]
			if !ok || line != t && (line.version <= t.version || y.closing.size == y.last) {
				return nil, fmt.Errorf("case_heads: case %q has its version %d here, the heads do not say so", id, t.version)
			}
		}
	}
	return g, nil
}

func (y *year) start() *chain { return &chain{position: y.size, earlier: y.size} }

func verifyYears(keys *keySet, first []byte, in *bufio.Reader, earlierFile string, held []checkpoint) (string, error) {
	y, err := readYear(keys, first)
	if err != nil {
		return "", fmt.Errorf("line 1: %w", err)
	}
	inside, outside, err := y.sort(held)
	if err != nil {
		return "", err
	}
	var e *year // the earlier one
	steps, continued := y.start(), ""
	if earlierFile != "" {
		if e, steps, outside, err = walkEarlier(keys, earlierFile, y, held, outside); err != nil {
			return "", fmt.Errorf("with the earlier year: %w", err)
		}
		if e.closing.size <= y.last { // it was not refused as forked, so a larger one says no more
			inside = append(inside, e.closing)
			sort.SliceStable(inside, func(i, j int) bool { return inside[i].size < inside[j].size })
		}
		continued = fmt.Sprintf(", continues %s", e.describe())
	}
	if len(outside) > 0 {
		return "", fmt.Errorf("%s: of size %d nothing is said here", outside[0].name, outside[0].size)
	}
	if _, err := y.walk(in, steps, inside); err != nil {
		return "", err
	}
	if e != nil && e.after != nil && *e.after != y.entered {
		return "", fmt.Errorf("the record after the year %d is not the first one here", e.number)
	}
	return fmt.Sprintf("duban-shard/1: ledger %q, %s, to the %s%s; %d held checkpoints agree",
		y.ledger, y.describe(), y.closing.describe(), continued, len(held)), nil
}

// walkEarlier checks the earlier year and that y continues it.
// It returns the steps up to the end of that year, and of which checkpoints neither year says anything.
func walkEarlier(keys *keySet, path string, y *year, held, outside []checkpoint) (*year, *chain, []checkpoint, error) {
	fail := func(err error) (*year, *chain, []checkpoint, error) { return nil, nil, nil, err }
	f, err := openFile(path)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	first, err := readLine(f.in)
	if err != nil {
		return fail(fmt.Errorf("line 1: %w", err))
	}
	if format, err := formatOf(first); err != nil || format != "duban-shard/1" {
		return fail(errors.New("line 1: not duban-shard/1"))
	}
	e, err := readYear(keys, first)
	if err != nil {
		return fail(fmt.Errorf("line 1: %w", err))
	}
	e.closing.name += " of the earlier year"
	switch {
	case e.ledger != y.ledger:
		err = fmt.Errorf("ledger_id %q, then %q", e.ledger, y.ledger)
	case y.number <= e.number:
		err = fmt.Errorf("the year %d does not come after %d", y.number, e.number)
	case y.number == e.number+1 && !y.begins.Equal(e.ends):
		err = fmt.Errorf("the year %d ends at %s, the next one begins at %s", e.number, e.to, y.from)
	case y.size != e.last:
		err = fmt.Errorf("the first ends at position %d, the second begins after %d", e.last, y.size)
	}
	if err != nil {
		return fail(err)
	}
	inside, still, err := e.sort(held)
	if err != nil {
		return fail(err)
	}
	if _, _, err := y.sort([]checkpoint{e.closing}); err != nil { // a fork
		return fail(err)
	}
	steps := e.start()
	g, err := e.walk(f.in, steps, inside)
	if err != nil {
		return fail(err)
	}
	for i := range g.edge {
		if g.edge[i] != y.frontier[i] { // of one size, so of one length
			return fail(fmt.Errorf("hash %d of the frontier is not the one to which the earlier year leads", i+1))
		}
	}
	var neither []checkpoint
	for _, h := range outside {
		for _, s := range still {
			if h.name == s.name {
				neither = append(neither, h)
				break
			}
		}
	}
	return e, steps, neither, nil
}

func (y *year) describe() string {
	s := fmt.Sprintf("the year %d from %s to %s with the records %d to %d", y.number, y.from, y.to, y.size+1, y.last)
	if y.after != nil {
		s += ", closed"
	} else {
		s += ", which may go on"
	}
	if y.heads != nil {
		s += fmt.Sprintf(", with heads of %d cases", len(y.heads.last))
	}
	if y.stamped {
		s += ", with a time stamp that was not looked at"
	}
	return s
}

// ---- duban-fork/1: a log in place of another one

// withEnded returns the keys of the log that was begun and of the one that ended; both know all keys.
func withEnded(begun *keySet, path string) ([]*keySet, error) {
	ended, err := readKeys(path)
	if err != nil {
		return nil, err
	}
	if ended.origin == begun.origin {
		return nil, errors.New("the origin is that of the new log")
	}
	if b, e := strings.SplitN(begun.line, "+", 3), strings.SplitN(ended.line, "+", 3); b[2] == e[2] {
		return nil, errors.New("the key is that of the new log")
	}
	all := append([]note.Verifier{}, begun.list...)
	for _, v := range ended.list { // a witness may be known for both logs
		if _, err := begun.known.Verifier(v.Name(), v.KeyHash()); err != nil {
			all = append(all, v)
		}
	}
	begun.known = note.VerifierList(all...)
	ended.known = begun.known
	return []*keySet{begun, ended}, nil
}

// A fork is what the further lines of a new log's first checkpoint say.
type fork struct {
	ended    checkpoint
	common   int64
	begun    string
	reason   string
	approved []string
}

// readFork reads those lines; logs are the new log's keys and the ended one's.
func readFork(logs []*keySet, c checkpoint) (*fork, error) {
	if !logs[1].signed(c.note) {
		return nil, fmt.Errorf("%s: not signed by the key of the ended log", c.name)
	}
	if len(c.more) < 6 {
		return nil, fmt.Errorf("%s: it has not the lines fork, common, begun, reason and approved, the last one twice", c.name)
	}
	f := &fork{ended: checkpoint{name: "the line fork"}}
	value := make([]string, len(c.more))
	for i, line := range c.more {
		want := "approved "
		if i < 4 {
			want = []string{"fork ", "common ", "begun ", "reason "}[i]
		}
		if !strings.HasPrefix(line, want) || line == want {
			return nil, fmt.Errorf("%s: line %d is not %q and what belongs to it", c.name, i+4, want)
		}
		value[i] = line[len(want):]
	}
	part := strings.Split(value[0], " ")
	if len(part) != 3 {
		return nil, fmt.Errorf("%s: line fork: not origin, size and root", c.name)
	}
	var err error
	f.ended.origin = part[0]
	if f.ended.size, err = decimal(part[1]); err != nil {
		return nil, fmt.Errorf("%s: line fork: the size: %w", c.name, err)
	}
	if f.ended.root, err = hash64(part[2]); err != nil {
		return nil, fmt.Errorf("%s: line fork: the root: %w", c.name, err)
	}
	if f.ended.origin != logs[1].origin {
		return nil, fmt.Errorf("%s: line fork: the origin %q is not the name of the ended log's key", c.name, part[0])
	}
	if f.ended.size == 0 && f.ended.root != (&tree{}).root() {
		return nil, fmt.Errorf("%s: line fork: the root is not that of an empty log", c.name)
	}
	if f.common, err = decimal(value[1]); err != nil {
		return nil, fmt.Errorf("%s: line common: %w", c.name, err)
	}
	if f.common > c.size || f.common > f.ended.size {
		return nil, fmt.Errorf("%s: line common: more records than one of the logs had", c.name)
	}
	f.begun, f.reason = value[2], value[3]
	if _, err := parseStamp(f.begun); err != nil {
		return nil, fmt.Errorf("%s: line begun: %w", c.name, err)
	}
	for i, name := range value[4:] {
		for _, other := range value[4 : 4+i] {
			if name == other {
				return nil, fmt.Errorf("%s: %q approved twice", c.name, name)
			}
		}
		f.approved = append(f.approved, name)
	}
	return f, nil
}

func (f *fork) describe(c checkpoint) string {
	return fmt.Sprintf("log %q begun %s with size %d in place of %q of size %d, the first %d records are common, reason %q, approved by %q",
		c.origin, f.begun, c.size, f.ended.origin, f.ended.size, f.common, f.reason, f.approved)
}

// verifyForkNote checks the first checkpoint of a new log alone.
func verifyForkNote(logs []*keySet, in io.Reader, held []checkpoint) (string, error) {
	msg, err := io.ReadAll(io.LimitReader(in, maxNote))
	if err != nil {
		return "", err
	}
	c, err := logs[0].checkpoint("checkpoint", msg)
	if err != nil {
		return "", err
	}
	f, err := readFork(logs, c)
	if err != nil {
		return "", err
	}
	if err := agree(held, c, f.ended); err != nil {
		return "", err
	}
	return fmt.Sprintf("first checkpoint: %s (not proved here); %d held checkpoints agree", f.describe(c), len(held)), nil
}

func verifyFork(logs []*keySet, doc []byte, held []checkpoint) (string, error) {
	m, err := fields(doc, "format", "checkpoint", "ended", "common?")
	if err != nil {
		return "", err
	}
	c, err := logs[0].checkpointMember("checkpoint", m[1])
	if err != nil {
		return "", err
	}
	ended, err := logs[1].checkpointMember("ended", m[2])
	if err != nil {
		return "", err
	}
	f, err := readFork(logs, c)
	if err != nil {
		return "", err
	}
	if !f.ended.same(ended) {
		return "", errors.New("ended is not the checkpoint of the line fork")
	}
	if (m[3] != nil) != (f.common > 0) {
		return "", errors.New("common is there if records are common, and only then")
	}
	if m[3] != nil {
		p, err := fields(m[3], "root", "proof", "ended_proof")
		if err != nil {
			return "", fmt.Errorf("common: %w", err)
		}
		common := checkpoint{size: f.common}
		root, err := text(p[0])
		if err == nil {
			common.root, err = hash64(root)
		}
		if err != nil {
			return "", fmt.Errorf("common: root: %w", err)
		}
		if err := continues(common, c, p[1]); err != nil {
			return "", fmt.Errorf("common: proof: %w", err)
		}
		if err := continues(common, ended, p[2]); err != nil {
			return "", fmt.Errorf("common: ended_proof: %w", err)
		}
	}
	if err := agree(held, c, ended); err != nil {
		return "", err
	}
	return fmt.Sprintf("duban-fork/1: %s; %d held checkpoints agree", f.describe(c), len(held)), nil
}

// ---- duban-case-heads/1: the last step of every case

type heads struct {
	checkpoint checkpoint
	last       map[string]tip
}

func (keys *keySet) readHeadsFile(path string) (*heads, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errUsage, err)
	}
	defer f.Close()
	return keys.readPackedHeads(f)
}

func (keys *keySet) readPackedHeads(r io.Reader) (*heads, error) {
	in, packed, err := unpack(r)
	if err == nil && !packed {
		err = errors.New("not packed by gzip")
	}
	if err != nil {
		return nil, err
	}
	first, err := readLine(in)
	if err != nil {
		return nil, fmt.Errorf("line 1: %w", err)
	}
	return keys.readHeads(first, in)
}

func (keys *keySet) readHeads(first []byte, in *bufio.Reader) (*heads, error) {
	format, err := formatOf(first)
	if err == nil && format != "duban-case-heads/1" {
		err = fmt.Errorf("format %q", format)
	}
	var m [][]byte
	if err == nil {
		m, err = fields(first, "format", "checkpoint", "heads")
	}
	if err != nil {
		return nil, fmt.Errorf("line 1: %w", err)
	}
	h := &heads{last: make(map[string]tip)}
	if h.checkpoint, err = keys.checkpointMember("checkpoint of the heads", m[1]); err != nil {
		return nil, err
	}
	msg, err := text(m[2])
	if err != nil {
		return nil, fmt.Errorf("heads: %w", err)
	}
	signed, err := keys.open([]byte(msg))
	if err != nil {
		return nil, fmt.Errorf("heads: %w", err)
	}

	// Versions run from 1 without a gap, so those of all cases are as many as all records.
	sum, records, total, before := sha256.New(), int64(0), 0, ""
	for number := 2; ; number++ {
		line, err := readLine(in)
		if err == io.EOF {
			break
		}
		if total += len(line) + 1; err == nil && total > maxHeads {
			err = errors.New("the file is too big")
		}
		var id string
		var t tip
		if err == nil {
			id, t, err = readHead(string(line))
		}
		if err == nil && number > 2 && id <= before {
			err = fmt.Errorf("case %q does not come after %q in the order of bytes", id, before)
		}
		if err == nil && t.version > h.checkpoint.size-records {
			err = fmt.Errorf("more steps than the checkpoint's size %d", h.checkpoint.size)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		sum.Write(append(line, '\n'))
		h.last[id], before = t, id
		records += t.version
	}
	if want := fmt.Sprintf("%s\nduban-case-heads/1\n%d\n%s\n%x\n", keys.origin, h.checkpoint.size, h.checkpoint.root, sum.Sum(nil)); signed.Text != want {
		return nil, errors.New("heads: its text is not that of this checkpoint and these lines")
	}
	if records != h.checkpoint.size {
		return nil, fmt.Errorf("the cases have %d steps, the log had %d records", records, h.checkpoint.size)
	}
	return h, nil
}

// readHead reads the line of a case. Its id may have blanks, what follows has none.
func readHead(line string) (id string, t tip, err error) {
	part := strings.Split(line, " ")
	n := len(part)
	if n < 3 || !utf8.ValidString(line) {
		return "", t, errors.New("not a case, a version and a leaf in UTF-8")
	}
	if t.version, err = decimal(part[n-2]); err != nil || t.version < 1 {
		return "", t, fmt.Errorf("version %q", part[n-2])
	}
	if t.leaf, err = hash16(part[n-1]); err != nil {
		return "", t, fmt.Errorf("leaf: %w", err)
	}
	return strings.Join(part[:n-2], " "), t, nil
}

func verifyHeads(keys *keySet, first []byte, in *bufio.Reader, held []checkpoint) (string, error) {
	h, err := keys.readHeads(first, in)
	if err != nil {
		return "", err
	}
	if err := agree(held, h.checkpoint); err != nil {
		return "", err
	}
	return fmt.Sprintf("duban-case-heads/1: %d cases, %s; %d held checkpoints agree", len(h.last), h.checkpoint.describe(), len(held)), nil
}

// The methods below are those of a file of heads that is compared with another
// file; h is nil if there is none.

// hold returns the checkpoints that a whole log has to pass, smallest first.
func (h *heads) hold(held []checkpoint) []checkpoint {
	if h == nil {
		return held
	}
	held = append([]checkpoint{h.checkpoint}, held...)
	sort.SliceStable(held, func(i, j int) bool { return held[i].size < held[j].size })
	return held
}

// passed compares the last steps of all cases when the log has the size of the heads.
func (h *heads) passed(steps *chain) error {
	if h == nil || steps.position != h.checkpoint.size {
		return nil
	}
	for id, t := range steps.cases {
		if h.last[id] != t {
			return fmt.Errorf("the heads of size %d do not have version %d of case %q with its leaf as the last", h.checkpoint.size, t.version, id)
		}
	}
	if len(h.last) != len(steps.cases) {
		return fmt.Errorf("the heads of size %d have %d cases, the log has %d", h.checkpoint.size, len(h.last), len(steps.cases))
	}
	return nil
}

// bundle compares a bundle; last is its last step among the records that the heads cover.
func (h *heads) bundle(caseID string, last tip, own []checkpoint) error {
	for _, c := range own {
		if err := forked([]checkpoint{h.checkpoint}, c); err != nil {
			return err
		}
	}
	if own[0].size < h.checkpoint.size {
		return fmt.Errorf("the bundle's checkpoint of size %d is older than that of the heads, %d", own[0].size, h.checkpoint.size)
	}
	if want := h.last[caseID]; last != want { // version 0 if there is none
		return fmt.Errorf("case %q had the version %d at size %d, the bundle has %d or another leaf", caseID, want.version, h.checkpoint.size, last.version)
	}
	return nil
}

func (h *heads) agreed() string {
	if h == nil {
		return ""
	}
	return fmt.Sprintf("; the heads of size %d agree", h.checkpoint.size)
}

// bytes64 reads a text that is base64.
func bytes64(raw []byte) ([]byte, error) {
	s, err := text(raw)
	if err != nil {
		return nil, err
	}
	return unbase64(s)
}
