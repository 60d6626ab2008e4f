// Command verifier checks what Duban hands out of its audit log: bundles,
// consistency files, whole logs, checkpoints and the folder of static files
// here; years of a log, forks and heads of cases in years.go.
//
// It was written from audit-format.md alone ("the page" below; § is a section
// of it). Where the page leaves something open, README.md says what was decided.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	maxDocument = 256 << 20 // bytes of one bundle, or of one line of a log
	maxEntry    = 1<<16 - 1 // bytes of an entry, §1
	maxNote     = 1 << 20   // bytes of a checkpoint or of a key file
	maxSize     = 1 << 62   // leaves; package tlog does not count further
	tileWidth   = 256       // §5
)

const usage = `verifier KEYFILE FILE [HELD_CHECKPOINT_FILE ...]
verifier KEYFILE YEARFILE -after EARLIER_YEARFILE [HELD_CHECKPOINT_FILE ...]
verifier KEYFILE BUNDLE_LOG_OR_FOLDER -heads HEADSFILE [HELD_CHECKPOINT_FILE ...]
verifier KEYFILE FORK_OR_CHECKPOINT -ended KEYFILE_OF_ENDED_LOG [HELD_CHECKPOINT_FILE ...]
verifier vectors DIR`

// errUsage marks what is the caller's fault and not the file's.
var errUsage = errors.New("usage")

func main() {
	line, code := run(os.Args[1:])
	if code == 2 {
		fmt.Fprintln(os.Stderr, line)
	} else {
		fmt.Println(line)
	}
	os.Exit(code)
}

// run returns the line to print and the exit code. Whatever panics below is a refusal.
func run(args []string) (line string, code int) {
	defer func() {
		if p := recover(); p != nil {
			line, code = oneLine(fmt.Sprint("REFUSED: the verifier failed: ", p)), 1
		}
	}()
	var err error
	switch {
	case len(args) == 2 && args[0] == "vectors":
		line, err = vectors(args[1])
	case len(args) >= 2:
		line, err = verify(args[0], args[1], args[2:])
	default:
		err = errUsage
	}
	switch {
	case err == nil:
		return oneLine("VERIFIED " + line), 0
	case errors.Is(err, errUsage):
		return oneLine(err.Error()) + "\n" +
			usage, 2
	}
	return oneLine("REFUSED: " + err.Error()), 1
}

// oneLine keeps control characters of a hostile file out of the verdict.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
}

// options are what may stand after FILE; each is the name of another file.
type options struct{ after, heads, ended string }

func verify(keyFile, file string, more []string) (string, error) {
	var opt options
	named := map[string]*string{"-after": &opt.after, "-heads": &opt.heads, "-ended": &opt.ended}
	files := []string{keyFile, file}
	for len(more) > 0 && named[more[0]] != nil {
		if len(more) == 1 || *named[more[0]] != "" {
			return "", fmt.Errorf("%w: %s needs a file, once", errUsage, more[0])
		}
		*named[more[0]] = more[1]
		files, more = append(files, more[1]), more[2:]
	}
	for _, path := range append(files, more...) {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%w: %v", errUsage, err)
		}
	}
	keys, err := readKeys(keyFile)
	if err != nil {
		return "", fmt.Errorf("key file: %w", err)
	}
	logs := []*keySet{keys}
	if opt.ended != "" {
		if logs, err = withEnded(keys, opt.ended); err != nil {
			return "", fmt.Errorf("key file of the ended log: %w", err)
		}
	}
	held, err := readHeld(logs, more)
	if err != nil {
		return "", err
	}
	var h *heads
	if opt.heads != "" {
		if h, err = keys.readHeadsFile(opt.heads); err != nil {
			return "", fmt.Errorf("heads %s: %w", opt.heads, err)
		}
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		if err := opt.fit("-heads"); err != nil {
			return "", err
		}
		return verifyStatic(keys, file, h, held)
	}

	f, err := openFile(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	// An origin has no blanks, so a file that begins with one is JSON or nothing.
	if first, _ := f.in.Peek(1); !f.packed && (len(first) == 0 || !strings.Contains("{ \t\r\n", string(first))) {
		if err := opt.fit("-ended"); err != nil {
			return "", err
		}
		if opt.ended != "" {
			return verifyForkNote(logs, f.in, held)
		}
		return verifyNote(keys, f.in, held)
	}
	// The first line decides: logs, years and heads are read line by line, the others as a whole.
	first, lineErr := readLine(f.in)
	if lineErr != nil && lineErr != errNoLineFeed {
		return "", fmt.Errorf("line 1: %w", lineErr)
	}
	format, formErr := formatOf(first)
	switch {
	case formErr == nil && byLine[format] && lineErr != nil:
		return "", fmt.Errorf("line 1: %w", lineErr)
	case formErr == nil && format == "duban-log/1":
		if err := opt.fit("-heads"); err != nil {
			return "", err
		}
		return verifyLog(keys, first, f.in, h, held)
	case formErr == nil && format == "duban-shard/1":
		if err := opt.fit("-after"); err != nil {
			return "", err
		}
		return verifyYears(keys, first, f.in, opt.after, held)
	case formErr == nil && format == "duban-case-heads/1":
		if err := opt.fit(""); err != nil {
			return "", err
		}
		if !f.packed {
			return "", errors.New("duban-case-heads/1 is packed by gzip, this file is not")
		}
		return verifyHeads(keys, first, f.in, held)
	case f.packed && formErr != nil:
		return "", fmt.Errorf("line 1: %w", formErr)
	case f.packed:
		return "", fmt.Errorf("line 1: format %q of a packed file", format)
	case formErr != nil && checkJSON(first) == nil:
		return "", formErr
	}
	rest, err := io.ReadAll(io.LimitReader(f.in, maxDocument))
	if err != nil {
		return "", err
	}
	if len(first)+len(rest) >= maxDocument {
		return "", errors.New("the file is too big")
	}
	doc := append(append(first, '\n'), rest...)
	if format, err = formatOf(doc); err != nil {
		return "", err
	}
	switch format {
	case "duban-bundle/1":
		if err := opt.fit("-heads"); err != nil {
			return "", err
		}
		return verifyBundle(keys, doc, h, held)
	case "duban-consistency/1":
		if err := opt.fit(""); err != nil {
			return "", err
		}
		return verifyConsistency(keys, doc, held)
	case "duban-fork/1":
		if err := opt.fit("-ended"); err != nil {
			return "", err
		}
		if opt.ended == "" {
			return "", fmt.Errorf("%w: duban-fork/1 needs the key of the ended log, -ended KEYFILE", errUsage)
		}
		return verifyFork(logs, doc, held)
	}
	return "", fmt.Errorf("format %q is none of the page", format)
}

// byLine has the formats whose first line is an object of its own, §4.
var byLine = map[string]bool{"duban-log/1": true, "duban-shard/1": true, "duban-case-heads/1": true}

// fit demands that no other option was given than the one that goes with the file.
func (opt options) fit(fits string) error {
	for name, value := range map[string]string{"-after": opt.after, "-heads": opt.heads, "-ended": opt.ended} {
		if value != "" && name != fits {
			return fmt.Errorf("%s does not go with this file", name)
		}
	}
	return nil
}

// An input is a file that may be packed by gzip: then it begins with 1F 8B, §4.
type input struct {
	*os.File
	in     *bufio.Reader
	packed bool
}

func openFile(path string) (*input, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errUsage, err)
	}
	in, packed, err := unpack(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &input{f, in, packed}, nil
}

func unpack(r io.Reader) (in *bufio.Reader, packed bool, err error) {
	in = bufio.NewReaderSize(r, 1<<18)
	if magic, _ := in.Peek(2); string(magic) != "\x1f\x8b" {
		return in, false, nil
	}
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		return nil, true, fmt.Errorf("gzip: %w", err)
	}
	return bufio.NewReaderSize(unpacked, 1<<18), true, nil
}

// ---- §3: keys and checkpoints

type keySet struct {
	origin string // of the log: the name of its key
	line   string // the log's key as §3 writes it
	list   []note.Verifier
	known  note.Verifiers // those of list, perhaps more
}

// readKeys reads the log's key from the first line and, perhaps, the keys of
// witnesses from the lines after it.
func readKeys(path string) (*keySet, error) {
	data, err := readFile(path, maxNote)
	if err != nil {
		return nil, err
	}
	keys := &keySet{}
	for i, line := range strings.Split(strings.TrimRight(string(data), "\r\n"), "\n") {
		line = strings.TrimRight(line, "\r")
		kind, v, err := parseKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if (i == 0) != (kind == 1) {
			return nil, fmt.Errorf("line %d: kind %d; the log's key (1) comes first, then only witnesses (4)", i+1, kind)
		}
		if i == 0 {
			keys.origin, keys.line = v.Name(), line
		}
		keys.list = append(keys.list, v)
	}
	keys.known = note.VerifierList(keys.list...)
	return keys, nil
}

// parseKey reads <name>+<id>+<base64>, §3.
func parseKey(line string) (kind byte, v note.Verifier, err error) {
	part := strings.SplitN(line, "+", 3)
	if len(part) != 3 {
		return 0, nil, errors.New("not <name>+<id>+<base64>")
	}
	key, err := unbase64(part[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize {
		return 0, nil, errors.New("the key is not the base64 of 33 bytes")
	}
	name := part[0]
	if name == "" || !utf8.ValidString(name) || strings.IndexFunc(name, unicode.IsSpace) >= 0 {
		return 0, nil, errors.New("the name has blanks or is empty")
	}
	sum := sha256.Sum256([]byte(name + "\n" + string(key)))
	if part[1] != hex.EncodeToString(sum[:4]) {
		return 0, nil, fmt.Errorf("the key's id %q is not that of the key", part[1])
	}
	switch key[0] {
	case 1:
		v, err = note.NewVerifier(line)
	case 4:
		v = &witness{name, binary.BigEndian.Uint32(sum[:4]), key[1:]}
	default:
		err = fmt.Errorf("kind %d of key", key[0])
	}
	return key[0], v, err
}

// A witness checks cosignatures as §3 has them from c2sp.org/tlog-cosignature.
type witness struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.id }
func (w *witness) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(w.key, append([]byte(head), text...), sig[8:])
}

// open reads a signed note that the log's key signed, §3.
func (keys *keySet) open(msg []byte) (*note.Note, error) {
	n, err := note.Open(msg, keys.known)
	if err != nil {
		return nil, err
	}
	// Of two signatures by one key note.Open checks only the first. Here none may fail.
	for _, line := range strings.Split(strings.TrimSuffix(string(msg[len(n.Text)+1:]), "\n"), "\n") {
		part := strings.Split(line, " ") // the dash, the name, the base64
		raw, err := base64.StdEncoding.DecodeString(part[2])
		if err != nil {
			return nil, err
		}
		v, err := keys.known.Verifier(part[1], binary.BigEndian.Uint32(raw))
		if err != nil {
			continue // not known: passed over
		}
		if _, err := unbase64(part[2]); err != nil {
			return nil, fmt.Errorf("signature of %s: %w", part[1], err)
		}
		if !v.Verify([]byte(n.Text), raw[4:]) {
			return nil, fmt.Errorf("a second signature of %s fails", part[1])
		}
	}
	if !keys.signed(n) {
		return nil, errors.New("not signed by the log's key")
	}
	return n, nil
}

// signed says whether the log's key is among those that signed the note.
func (keys *keySet) signed(n *note.Note) bool {
	for _, sig := range n.Sigs {
		if keys.made(sig) {
			return true
		}
	}
	return false
}

func (keys *keySet) made(sig note.Signature) bool {
	return strings.HasPrefix(keys.line, fmt.Sprintf("%s+%08x+", sig.Name, sig.Hash))
}

type checkpoint struct {
	name      string // where it stands, for the messages
	origin    string
	size      int64
	root      tlog.Hash
	more      []string // further lines of the text
	note      *note.Note
	cosigners []string
}

// checkpoint reads a signed note and checks that it is good, §3.
func (keys *keySet) checkpoint(name string, text []byte) (checkpoint, error) {
	c := checkpoint{name: name, origin: keys.origin}
	fail := func(format string, a ...interface{}) (checkpoint, error) {
		return c, fmt.Errorf("%s: %w", name, fmt.Errorf(format, a...))
	}
	n, err := keys.open(text)
	if err != nil {
		return fail("%w", err)
	}
	c.note = n
	for _, sig := range n.Sigs {
		if !keys.made(sig) {
			c.cosigners = append(c.cosigners, sig.Name)
		}
	}
	line := strings.Split(n.Text, "\n") // the text ends with a line feed: one empty piece more
	if len(line) < 4 {
		return fail("the text has fewer than three lines")
	}
	c.more = line[3 : len(line)-1]
	for _, more := range c.more {
		if more == "" {
			return fail("the text has an empty line")
		}
	}
	if line[0] != keys.origin {
		return fail("the origin %q is not the name of the log's key", line[0])
	}
	if c.size, err = decimal(line[1]); err != nil {
		return fail("the size: %w", err)
	}
	if c.size > maxSize {
		return fail("the size %d is more than this verifier counts", c.size)
	}
	if c.root, err = hash64(line[2]); err != nil {
		return fail("the root: %w", err)
	}
	if c.size == 0 && c.root != (&tree{}).root() { // §2
		return fail("the root of an empty log is not SHA-256(\"\")")
	}
	return c, nil
}

// readHeld reads the checkpoints that the auditor kept, smallest first.
// Two of one size with different roots are a fork whatever the file says, §3.
// Where two logs are looked at, the first line says of which of them one is.
func readHeld(logs []*keySet, paths []string) ([]checkpoint, error) {
	var held []checkpoint
	for _, path := range paths {
		text, err := readFile(path, maxNote)
		if err != nil {
			return nil, fmt.Errorf("held checkpoint %s: %w", path, err)
		}
		keys := logs[0]
		for _, other := range logs[1:] {
			if strings.HasPrefix(string(text), other.origin+"\n") {
				keys = other
			}
		}
		c, err := keys.checkpoint("held checkpoint "+path, text)
		if err != nil {
			return nil, err
		}
		if err := forked(held, c); err != nil {
			return nil, err
		}
		held = append(held, c)
	}
	sort.SliceStable(held, func(i, j int) bool { return held[i].size < held[j].size })
	return held, nil
}

func forked(held []checkpoint, c checkpoint) error {
	for _, h := range held {
		if h.origin == c.origin && h.size == c.size && h.root != c.root {
			return fmt.Errorf("the log was forked: %s and %s have size %d and different roots", h.name, c.name, c.size)
		}
	}
	return nil
}

// agree demands of every held checkpoint that it is one of those of the file, §4.
func agree(held []checkpoint, own ...checkpoint) error {
	for _, c := range own {
		if err := forked(held, c); err != nil {
			return err
		}
	}
	for _, h := range held {
		found := false
		for _, c := range own {
			found = found || h.same(c)
		}
		if !found {
			return fmt.Errorf("%s (size %d) is none of the file's checkpoints", h.name, h.size)
		}
	}
	return nil
}

// same says that both are of the same log, size and root.
func (c checkpoint) same(d checkpoint) bool {
	return c.origin == d.origin && c.size == d.size && c.root == d.root
}

func verifyNote(keys *keySet, in io.Reader, held []checkpoint) (string, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxNote))
	if err != nil {
		return "", err
	}
	c, err := keys.checkpoint("checkpoint", text)
	if err != nil {
		return "", err
	}
	if err := forked(held, c); err != nil {
		return "", err
	}
	same := 0
	for _, h := range held {
		if h.size == c.size {
			same++
		}
	}
	line := c.describe()
	if same > 0 {
		line += fmt.Sprintf("; %d held checkpoints agree", same)
	}
	if same < len(held) {
		line += fmt.Sprintf("; %d held checkpoints of other sizes were not compared", len(held)-same)
	}
	return line, nil
}

func (c checkpoint) describe() string {
	s := fmt.Sprintf("checkpoint of size %d and root %s", c.size, c.root)
	if len(c.more) > 0 {
		s += fmt.Sprintf(", %d further lines passed over", len(c.more))
	}
	if len(c.cosigners) > 0 {
		s += fmt.Sprintf(", cosigned by %q", c.cosigners)
	}
	return s
}

// ---- §2: the tree

// A tree is the right edge of a growing Merkle tree: the roots of its full
// subtrees from left to right, one for each bit of n.
type tree struct {
	n    int64
	edge []tlog.Hash
}

func (t *tree) add(leaf tlog.Hash) {
	for bit := t.n; bit&1 == 1; bit >>= 1 {
		leaf = tlog.NodeHash(t.edge[len(t.edge)-1], leaf)
		t.edge = t.edge[:len(t.edge)-1]
	}
	t.edge = append(t.edge, leaf)
	t.n++
}

func (t *tree) root() tlog.Hash {
	if t.n == 0 {
		return sha256.Sum256(nil)
	}
	h := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.edge[i], h)
	}
	return h
}

// A growth is the tree over a whole log, with the checkpoint to which it grows
// and the held ones that it passes on its way.
type growth struct {
	tree
	goal checkpoint
	held []checkpoint
}

// passed compares the held checkpoints of the present size.
func (g *growth) passed() error {
	for len(g.held) > 0 && g.held[0].size == g.n {
		if g.held[0].root != g.root() {
			return fmt.Errorf("%s: the first %d records have another root: the log was forked or changed", g.held[0].name, g.n)
		}
		g.held = g.held[1:]
	}
	return nil
}

func (g *growth) add(leaf tlog.Hash) error {
	if g.n == g.goal.size {
		return fmt.Errorf("more records than the size %d", g.goal.size)
	}
	g.tree.add(leaf)
	return g.passed()
}

func (g *growth) finish() error {
	if g.n != g.goal.size {
		return fmt.Errorf("%d records, but the checkpoint's size is %d", g.n, g.goal.size)
	}
	if g.root() != g.goal.root {
		return fmt.Errorf("the leaves have the root %s, the checkpoint has %s", g.root(), g.goal.root)
	}
	if len(g.held) > 0 {
		return fmt.Errorf("%s is of size %d, the log has only %d records", g.held[0].name, g.held[0].size, g.n)
	}
	return nil
}

// ---- §1: records

// A row is what the rules across records need of a record.
type row struct {
	position, version  int64
	caseID, recordedAt string
	time               time.Time // recordedAt
	prev               string    // hexadecimal digits or "-"
	leaf               tlog.Hash
}

// entry is the ten lines of §1, "The leaf".
func (r *row) entry(ledger, wire, requestKey, stateHash string) []byte {
	return []byte(strings.Join([]string{
		"duban-leaf/1",
		ledger,
		strconv.FormatInt(r.position, 10),
		r.caseID,
		strconv.FormatInt(r.version, 10),
		wire,
		r.recordedAt,
		requestKey,
		stateHash,
		r.prev,
		"", // the line feed after the tenth line
	}, "\n"))
}

// A chain checks §1, "What holds within one ledger".
type chain struct {
	gaps       bool // positions may leave some out, as in a bundle
	position   int64
	recordedAt string
	cases      map[string]tip
	earlier    int64 // in a year: how many steps of earlier years were not yet accounted for
}

type tip struct {
	version int64
	leaf    tlog.Hash
}

func (c *chain) next(r *row) error {
	if c.cases == nil {
		c.cases = make(map[string]tip)
	}
	if r.position <= c.position {
		return fmt.Errorf("position %d does not increase after %d", r.position, c.position)
	}
	if !c.gaps && r.position != c.position+1 {
		return fmt.Errorf("position %d leaves a gap after %d", r.position, c.position)
	}
	if r.recordedAt <= c.recordedAt { // of one width, so the texts compare as the times do
		return fmt.Errorf("recorded_at %s does not increase after %s", r.recordedAt, c.recordedAt)
	}
	last, known := c.cases[r.caseID] // version 0 if there is none

	if !known && r.version > 1 && c.earlier > 0 { // §4, duban-shard/1, rule 4
		// Each of the versions below is a record of its own among those before the year.
		if c.earlier -= r.version - 1; c.earlier < 0 {
			return fmt.Errorf("version %d of case %q: there are not as many records before the year", r.version, r.caseID)
		}
		last.version = r.version - 1
	}
	if r.version != last.version+1 {
		return fmt.Errorf("version %d of case %q comes after version %d", r.version, r.caseID, last.version)
	}
	// next to the version itself, prev_leaf was found null for version 1 and only there
	if known && r.prev != hex.EncodeToString(last.leaf[:]) {
		return fmt.Errorf("prev_leaf is not the leaf of version %d of case %q", last.version, r.caseID)
	}
	c.position, c.recordedAt = r.position, r.recordedAt
	c.cases[r.caseID] = tip{r.version, r.leaf}
	return nil
}

// readRecord checks all that holds of one record alone: §1 and, for its form, §4.
// In a bundle it has the member proof, which is returned as it stands.
func readRecord(ledger string, raw []byte, inBundle bool) (r row, proof []byte, err error) {
	names := recordMembers
	if inBundle {
		names = bundleMembers
	}
	m, err := fields(raw, names...)
	if err != nil {
		return r, nil, err
	}
	if inBundle {
		proof = m[len(m)-1]
	}

	number := func(i int) (n int64) {
		if err == nil {
			if n, err = number62(m[i]); err != nil {
				err = fmt.Errorf("%s: %w", names[i], err)
			}
		}
		return n
	}
	str := func(i int) (s string) {
		if err == nil {
			if s, err = text(m[i]); err != nil {
				err = fmt.Errorf("%s: %w", names[i], err)
			}
		}
		return s
	}
	r.position, r.version = number(0), number(2)
	format := number(6)
	r.caseID, r.recordedAt = str(1), str(4)
	wire, requestKey := str(3), str(5)
	leaf, state64 := str(8), str(9)
	eventID, occurredAt, precision, actor, office := str(10), str(11), str(12), str(13), str(14)
	r.prev = "-"
	if string(m[7]) != "null" {
		r.prev = str(7)
		if _, e := hash16(r.prev); err == nil && e != nil {
			err = fmt.Errorf("prev_leaf: %w", e)
		}
	}
	if err != nil {
		return r, nil, err
	}

	switch {
	case format != 1:
		return r, nil, fmt.Errorf("format %d of a record", format)
	case r.position < 1:
		return r, nil, errors.New("position 0")
	case r.version < 1:
		return r, nil, errors.New("version 0")
	case (r.version == 1) != (r.prev == "-"):
		return r, nil, errors.New("prev_leaf is null for version 1 and only there")
	case strings.Contains(r.caseID+wire+requestKey, "\n"):
		return r, nil, errors.New("a line feed in case_id, wire or request_key")
	}
	if r.time, err = parseStamp(r.recordedAt); err != nil {
		return r, nil, fmt.Errorf("recorded_at: %w", err)
	}
	occurred, err := parseStamp(occurredAt)
	if err != nil {
		return r, nil, fmt.Errorf("occurred_at: %w", err)
	}
	if !isUUID(eventID) {
		return r, nil, errors.New("event_id is not a UUID")
	}
	state, err := unbase64(state64)
	if err != nil {
		return r, nil, fmt.Errorf("state: %w", err)
	}

	sum := sha256.Sum256(state)
	entry := r.entry(ledger, wire, requestKey, hex.EncodeToString(sum[:]))
	if len(entry) > maxEntry {
		return r, nil, fmt.Errorf("an entry of %d bytes", len(entry))
	}
	r.leaf = tlog.RecordHash(entry)
	if given, err := hash16(leaf); err != nil {
		return r, nil, fmt.Errorf("leaf: %w", err)
	} else if given != r.leaf {
		return r, nil, errors.New("leaf is not what the columns give")
	}

	s, err := readState(state)
	if err != nil {
		return r, nil, fmt.Errorf("state: %w", err)
	}
	switch {
	case s.eventID != eventID:
		err = errors.New("event_id does not repeat the state")
	case !s.occurred.Equal(occurred):
		err = errors.New("occurred_at does not repeat the state's act.occurred_at")
	case s.precision != precision:
		err = errors.New("occurred_precision does not repeat the state's act.precision")
	case s.actor != actor:
		err = errors.New("actor does not repeat the state's act.actor")
	case s.office != office:
		err = errors.New("office does not repeat the state's act.office")
	}
	return r, proof, err
}

var (
	recordMembers = []string{"position", "case_id", "version", "wire", "recorded_at", "request_key", "format",
		"prev_leaf", "leaf", "state", "event_id", "occurred_at", "occurred_precision", "actor", "office"}
	bundleMembers = append(append([]string{}, recordMembers...), "proof")
)

type stateColumns struct {
	eventID, precision, actor, office string
	occurred                          time.Time
}

// readState reads the bytes of a state as §1, "The record", describes them.
func readState(raw []byte) (s stateColumns, err error) {
	if err := checkJSON(raw); err != nil {
		return s, err
	}
	m, err := fields(raw, "act", "event_id", "nonce", "step", "deadlines?")
	if err != nil {
		return s, err
	}
	a, err := fields(m[0], "occurred_at", "precision", "actor", "office", "...")
	if err != nil {
		return s, fmt.Errorf("act: %w", err)
	}
	var occurredAt, nonce string
	for _, want := range []struct {
		name string
		raw  []byte
		to   *string
	}{{"event_id", m[1], &s.eventID}, {"nonce", m[2], &nonce}, {"act.occurred_at", a[0], &occurredAt},
		{"act.precision", a[1], &s.precision}, {"act.actor", a[2], &s.actor}, {"act.office", a[3], &s.office}} {
		if *want.to, err = text(want.raw); err != nil {
			return s, fmt.Errorf("%s: %w", want.name, err)
		}
	}
	if string(m[3]) == "null" || string(m[4]) == "null" {
		return s, errors.New("a member that is null is not absent")
	}
	if !isUUID(s.eventID) {
		return s, errors.New("event_id is not a UUID")
	}
	if b, err := hex.DecodeString(nonce); err != nil || len(b) != 16 {
		return s, errors.New("nonce is not 128 bits in hexadecimal digits")
	}
	// §4: an offset or Z, and as many digits of the fraction as the column or fewer
	if !instant.MatchString(occurredAt) {
		return s, fmt.Errorf("act.occurred_at %q is not a time with an offset", occurredAt)
	}
	if s.occurred, err = time.Parse(time.RFC3339Nano, occurredAt); err != nil {
		return s, fmt.Errorf("act.occurred_at: %w", err)
	}
	return s, nil
}

const stamp = "2006-01-02T15:04:05.000000Z"

var instant = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// parseStamp reads a time in the one form that §1 and §4 allow.
func parseStamp(s string) (time.Time, error) {
	t, err := time.Parse(stamp, s)
	if err != nil || t.Format(stamp) != s {
		return t, fmt.Errorf("%q is not of the form 2026-03-31T08:15:30.000001Z", s)
	}
	return t, nil
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)):
			return false
		}
	}
	return true
}

// ---- §4: the files

// ledgerName reads ledger_id, line 2 of the leaves.
func ledgerName(raw []byte) (string, error) {
	ledger, err := text(raw)
	if err == nil && strings.Contains(ledger, "\n") {
		err = errors.New("a line feed in it")
	}
	if err != nil {
		return "", fmt.Errorf("ledger_id: %w", err)
	}
	return ledger, nil
}

// checkpointMember reads a checkpoint that stands in a file as a text.
func (keys *keySet) checkpointMember(name string, raw []byte) (checkpoint, error) {
	note, err := text(raw)
	if err != nil {
		return checkpoint{}, fmt.Errorf("%s: %w", name, err)
	}
	return keys.checkpoint(name, []byte(note))
}

func proofHashes(raw []byte) ([]tlog.Hash, error) {
	if raw[0] != '[' {
		return nil, errors.New("not a list")
	}
	list := []tlog.Hash{}
	for i, part := range parts(raw) {
		s, err := text(part)
		if err != nil {
			return nil, fmt.Errorf("hash %d: %w", i+1, err)
		}
		h, err := hash64(s)
		if err != nil {
			return nil, fmt.Errorf("hash %d: %w", i+1, err)
		}
		list = append(list, h)
	}
	return list, nil
}

// continues checks that the log of the later checkpoint continues that of the older.
func continues(older, later checkpoint, raw []byte) error {
	proof, err := proofHashes(raw)
	if err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	if older.size > later.size {
		return fmt.Errorf("consistency: since has size %d, checkpoint only %d", older.size, later.size)
	}
	if older.size == 0 {
		return errors.New("consistency: RFC 9162 has no proof from the empty log")
	}
	if err := tlog.CheckTree(proof, later.size, later.root, older.size, older.root); err != nil {
		return fmt.Errorf("consistency: from size %d to %d: %w", older.size, later.size, err)
	}
	return nil
}

func verifyConsistency(keys *keySet, doc []byte, held []checkpoint) (string, error) {
	m, err := fields(doc, "format", "since", "checkpoint", "consistency")
	if err != nil {
		return "", err
	}
	since, err := keys.checkpointMember("since", m[1])
	if err != nil {
		return "", err
	}
	c, err := keys.checkpointMember("checkpoint", m[2])
	if err != nil {
		return "", err
	}
	if err := continues(since, c, m[3]); err != nil {
		return "", err
	}
	if err := agree(held, c, since); err != nil {
		return "", err
	}
	return fmt.Sprintf("duban-consistency/1: %s continues size %d; %d held checkpoints agree", c.describe(), since.size, len(held)), nil
}

func verifyBundle(keys *keySet, doc []byte, h *heads, held []checkpoint) (string, error) {
	m, err := fields(doc, "format", "ledger_id", "case_id", "checkpoint", "records", "since?", "consistency?")
	if err != nil {
		return "", err
	}
	ledger, err := ledgerName(m[1])
	if err != nil {
		return "", err
	}
	caseID, err := text(m[2])
	if err != nil {
		return "", fmt.Errorf("case_id: %w", err)
	}
	c, err := keys.checkpointMember("checkpoint", m[3])
	if err != nil {
		return "", err
	}
	own := []checkpoint{c}
	if (m[5] == nil) != (m[6] == nil) {
		return "", errors.New("only one of since and consistency")
	}
	if m[5] != nil {
		since, err := keys.checkpointMember("since", m[5])
		if err != nil {
			return "", err
		}
		if err := continues(since, c, m[6]); err != nil {
			return "", err
		}
		own = append(own, since)
	}
	if err := agree(held, own...); err != nil {
		return "", err
	}
	if m[4][0] != '[' {
		return "", errors.New("records: not a list")
	}
	records := parts(m[4])
	if len(records) == 0 {
		return "", errors.New("records: there is none")
	}
	steps, atHeads := chain{gaps: true}, tip{} // the last step that the file of heads may know
	for i, raw := range records {
		if err := verifyStep(&steps, ledger, caseID, c, raw); err != nil {
			return "", fmt.Errorf("record %d: %w", i+1, err)
		}
		if h != nil && steps.position <= h.checkpoint.size {
			atHeads = steps.cases[caseID]
		}
	}
	if h != nil {
		if err := h.bundle(caseID, atHeads, own); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("duban-bundle/1: case %q of ledger %q, %d records, to the %s; %d held checkpoints agree%s",
		caseID, ledger, len(records), c.describe(), len(held), h.agreed()), nil
}

// verifyStep checks one record of a bundle: rules 2 and 3.
func verifyStep(steps *chain, ledger, caseID string, c checkpoint, raw []byte) error {
	r, rawProof, err := readRecord(ledger, raw, true)
	if err != nil {
		return err
	}
	if r.caseID != caseID {
		return fmt.Errorf("case_id %q is not that of the bundle", r.caseID)
	}
	if err := steps.next(&r); err != nil {
		return err
	}
	if r.position > c.size {
		return fmt.Errorf("position %d is not below the checkpoint of size %d", r.position, c.size)
	}
	proof, err := proofHashes(rawProof)
	if err != nil {
		return fmt.Errorf("proof: %w", err)
	}
	if err := tlog.CheckRecord(proof, c.size, c.root, r.position-1, r.leaf); err != nil {
		return fmt.Errorf("proof of position %d: %w", r.position, err)
	}
	return nil
}

// A batch is some lines of a log; a worker turns them into rows and closes done.
type batch struct {
	first int // number of the first line
	lines [][]byte
	rows  []row
	err   error
	done  chan struct{}
}

func (b *batch) work(ledger string) {
	defer close(b.done)
	number := b.first
	defer func() {
		if p := recover(); p != nil {
			b.err = fmt.Errorf("line %d: the verifier failed: %v", number, p)
		}
	}()
	for _, line := range b.lines {
		err := checkJSON(line)
		var r row
		if err == nil {
			r, _, err = readRecord(ledger, line, false)
		}
		if err != nil {
			b.err = fmt.Errorf("line %d: %w", number, err)
			return
		}
		b.rows = append(b.rows, r)
		number++
	}
}

// verifyLog streams duban-log/1.
func verifyLog(keys *keySet, first []byte, in *bufio.Reader, h *heads, held []checkpoint) (string, error) {
	m, err := fields(first, "format", "ledger_id", "checkpoint")
	if err != nil {
		return "", fmt.Errorf("line 1: %w", err)
	}
	ledger, err := ledgerName(m[1])
	if err != nil {
		return "", fmt.Errorf("line 1: %w", err)
	}
	c, err := keys.checkpointMember("checkpoint", m[2])
	if err != nil {
		return "", fmt.Errorf("line 1: %w", err)
	}
	if err := forked(held, c); err != nil {
		return "", err
	}

	steps, g := chain{}, growth{goal: c, held: h.hold(held)}
	if err := g.passed(); err != nil {
		return "", err
	}
	err = eachRecord(ledger, in, func(r *row) error {
		err := steps.next(r)
		if err == nil {
			err = g.add(r.leaf)
		}
		if err == nil {
			err = h.passed(&steps)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if err := g.finish(); err != nil {
		return "", err
	}
	return fmt.Sprintf("duban-log/1: ledger %q, %d records of %d cases, %s; %d held checkpoints agree%s",
		ledger, g.n, len(steps.cases), c.describe(), len(held), h.agreed()), nil
}

// eachRecord reads the records from line 2 on. One goroutine reads lines, several
// compute leaves, and this one hands over in order what each of them is.
func eachRecord(ledger string, in *bufio.Reader, check func(*row) error) error {
	workers := runtime.GOMAXPROCS(0)
	todo, inOrder := make(chan *batch, workers), make(chan *batch, 4*workers)
	stop := make(chan struct{})
	defer close(stop)
	go readBatches(in, todo, inOrder, stop)
	for i := 0; i < workers; i++ {
		go func() {
			for b := range todo {
				b.work(ledger)
			}
		}()
	}

	for b := range inOrder {
		<-b.done
		for i := range b.rows {
			if err := check(&b.rows[i]); err != nil {
				return fmt.Errorf("line %d: %w", b.first+i, err)
			}
		}
		if b.err != nil { // it is about what comes after the rows of the batch
			return b.err
		}
	}
	return nil
}

// readBatches sends every batch to the workers and, in order, to the checks.
func readBatches(in *bufio.Reader, todo, inOrder chan<- *batch, stop <-chan struct{}) {
	defer close(inOrder)
	defer close(todo)
	for number, last := 2, false; !last; {
		b := &batch{first: number, done: make(chan struct{})}
		var readErr error
		for size := 0; len(b.lines) < 256 && size < 1<<20; number++ {
			line, err := readLine(in)
			if err != nil {
				last = true
				if err != io.EOF {
					readErr = fmt.Errorf("line %d: %w", number, err)
				}
				break
			}
			b.lines = append(b.lines, line)
			size += len(line)
		}
		send := []*batch{b}
		if readErr != nil { // after the lines that could be read
			broken := &batch{err: readErr, done: make(chan struct{})}
			close(broken.done)
			send = append(send, broken)
		}
		for _, b := range send {
			if b.err == nil {
				select {
				case todo <- b:
				case <-stop:
					return
				}
			}
			select {
			case inOrder <- b:
			case <-stop:
				return
			}
		}
	}
}

var errNoLineFeed = errors.New("the last line is not ended by a line feed")

// readLine returns a line without its line feed; at the end of the file io.EOF,
// or errNoLineFeed with what is there.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case err == io.EOF && len(line) > 0:
			return line, errNoLineFeed
		case err != bufio.ErrBufferFull:
			return nil, err
		case len(line) > maxDocument:
			return nil, errors.New("the line is too long")
		}
	}
}

// ---- §5: static files

// verifyStatic recomputes every leaf from the tiles of entries, compares the
// tiles of hashes of every level, and the root with the checkpoint.
func verifyStatic(keys *keySet, dir string, h *heads, held []checkpoint) (string, error) {
	key, err := readFile(filepath.Join(dir, "key"), maxNote)
	if err != nil {
		return "", err
	}
	if string(key) != keys.line+"\n" {
		return "", errors.New("key: not the log's key that was given")
	}
	noteText, err := readFile(filepath.Join(dir, "checkpoint"), maxNote)
	if err != nil {
		return "", err
	}
	c, err := keys.checkpoint("checkpoint", noteText)
	if err != nil {
		return "", err
	}
	if err := forked(held, c); err != nil {
		return "", err
	}

	var (
		levels hashTiles
		steps  chain
		ledger string
		g      = growth{goal: c, held: h.hold(held)}
	)
	levels.dir = dir
	if err := g.passed(); err != nil {
		return "", err
	}
	for number := int64(0); number*tileWidth < c.size; number++ {
		width := c.size - number*tileWidth
		if width > tileWidth {
			width = tileWidth
		}
		path := tilePath("entries", number, int(width))
		data, err := readFile(filepath.Join(dir, path), maxDocument)
		if err != nil {
			return "", err
		}
		for i := int64(0); i < width; i++ {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return "", fmt.Errorf("%s: ends in its entry %d of %d", path, i+1, width)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			entry := data[2:end]
			data = data[end:]
			r, owner, err := readEntry(entry)
			if err == nil && number+i > 0 && owner != ledger {
				err = fmt.Errorf("ledger_id %q after %q", owner, ledger)
			}
			ledger = owner
			if err == nil {
				err = steps.next(&r)
			}
			if err == nil {
				err = g.add(r.leaf)
			}
			if err == nil {
				err = levels.add(0, r.leaf)
			}
			if err == nil {
				err = h.passed(&steps)
			}
			if err != nil {
				return "", fmt.Errorf("%s: entry %d: %w", path, i+1, err)
			}
		}
		if len(data) > 0 {
			return "", fmt.Errorf("%s: %d bytes after its last entry", path, len(data))
		}
	}
	if err := levels.finish(); err != nil {
		return "", err
	}
	if err := g.finish(); err != nil {
		return "", err
	}
	return fmt.Sprintf("static files: ledger %q, %d entries, %d levels of tiles, %s; %d held checkpoints agree%s",
		ledger, g.n, len(levels.open), c.describe(), len(held), h.agreed()), nil
}

// readEntry reads the ten lines of §1 back.
func readEntry(entry []byte) (r row, ledger string, err error) {
	line := strings.Split(string(entry), "\n")
	if !utf8.Valid(entry) || len(line) != 11 || line[10] != "" {
		return r, "", errors.New("not ten lines of UTF-8, each ended by a line feed")
	}
	if line[0] != "duban-leaf/1" {
		return r, "", fmt.Errorf("line 1 is %q", line[0])
	}
	if r.position, err = decimal(line[2]); err != nil || r.position < 1 {
		return r, "", fmt.Errorf("line 3, position: %q", line[2])
	}
	r.caseID = line[3]
	if r.version, err = decimal(line[4]); err != nil || r.version < 1 {
		return r, "", fmt.Errorf("line 5, version: %q", line[4])
	}
	r.recordedAt = line[6]
	if _, err = parseStamp(r.recordedAt); err != nil {
		return r, "", fmt.Errorf("line 7, recorded_at: %w", err)
	}
	if _, err = hash16(line[8]); err != nil {
		return r, "", fmt.Errorf("line 9, SHA-256 of state: %w", err)
	}
	r.prev = line[9]
	if (r.prev == "-") != (r.version == 1) {
		return r, "", errors.New("line 10, prev_leaf is - for version 1 and only there")
	}
	if r.prev != "-" {
		if _, err = hash16(r.prev); err != nil {
			return r, "", fmt.Errorf("line 10, prev_leaf: %w", err)
		}
	}
	r.leaf = tlog.RecordHash(entry)
	return r, line[1], nil
}

// hashTiles keeps of each level the tile that is not full yet.
type hashTiles struct {
	dir  string
	open []openTile
}

type openTile struct {
	number int64
	data   []byte // the hashes one after the other
	tree   tree   // over these hashes
}

func (t *hashTiles) add(level int, h tlog.Hash) error {
	if level == len(t.open) {
		t.open = append(t.open, openTile{})
	}
	o := &t.open[level]
	o.data = append(o.data, h[:]...)
	o.tree.add(h)
	if o.tree.n < tileWidth {
		return nil
	}
	if err := t.compare(level); err != nil {
		return err
	}
	above := o.tree.root()
	*o = openTile{number: o.number + 1, data: o.data[:0]}
	return t.add(level+1, above)
}

func (t *hashTiles) compare(level int) error {
	o := &t.open[level]
	path := tilePath(strconv.Itoa(level), o.number, int(o.tree.n))
	data, err := readFile(filepath.Join(t.dir, path), maxNote)
	if err != nil {
		return err
	}
	if !bytes.Equal(data, o.data) {
		return fmt.Errorf("%s: the tile has not the hashes that the entries give", path)
	}
	return nil
}

func (t *hashTiles) finish() error {
	for level := range t.open {
		if t.open[level].tree.n > 0 {
			if err := t.compare(level); err != nil {
				return err
			}
		}
	}
	return nil
}

// tilePath writes the number in groups of three digits, §5: x001/234 is 1234.
func tilePath(level string, number int64, width int) string {
	path := fmt.Sprintf("%03d", number%1000)
	for number /= 1000; number > 0; number /= 1000 {
		path = fmt.Sprintf("x%03d/%s", number%1000, path)
	}
	if width < tileWidth {
		path += fmt.Sprintf(".p/%d", width)
	}
	return "tile/" + level + "/" + path
}

// ---- forms of texts, §1, §3 and §4

// decimal reads a number in decimal digits without leading zeros.
func decimal(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		if len(s) > 40 {
			s = s[:40]
		}
		return 0, fmt.Errorf("%q is not a number in decimal digits", s)
	}
	return n, nil
}

// number62 reads a number of a file, §4.
func number62(raw []byte) (int64, error) {
	n, err := decimal(string(raw))
	if err == nil && n > maxSize {
		err = fmt.Errorf("%d is more than 2^62", n)
	}
	return n, err
}

// unbase64 is strict: padded, without line ends, the unused bits zero.
func unbase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || base64.StdEncoding.EncodeToString(b) != s {
		return nil, errors.New("not base64")
	}
	return b, nil
}

func hash64(s string) (h tlog.Hash, err error) {
	b, err := unbase64(s)
	if err == nil && len(b) != tlog.HashSize {
		err = fmt.Errorf("a hash of %d bytes", len(b))
	}
	copy(h[:], b)
	return h, err
}

// hash16 reads a hash in lower-case hexadecimal digits.
func hash16(s string) (h tlog.Hash, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != tlog.HashSize || strings.ToLower(s) != s {
		return h, errors.New("not 64 lower-case hexadecimal digits")
	}
	copy(h[:], b)
	return h, nil
}

// ---- JSON
//
// encoding/json alone is too lenient here: it takes members twice, in other
// case, and bytes that are not UTF-8. It only checks the syntax (checkJSON);
// the functions after it take apart what passed that check.

func checkJSON(raw []byte) error {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return errors.New("not JSON in UTF-8")
	}
	return nil
}

// formatOf returns the member format, which comes first in a file.
func formatOf(doc []byte) (string, error) {
	if err := checkJSON(doc); err != nil {
		return "", err
	}
	if p := parts(doc); trim(doc)[0] == '{' && len(p) > 0 {
		if name, err := text(p[0]); err == nil && name == "format" {
			if format, err := text(p[1]); err == nil {
				return format, nil
			}
			return "", errors.New("format: not a text")
		}
	}
	return "", errors.New("not an object with the first member format")
}

// fields returns the members of an object in the order of names. A name with ?
// may be absent (nil); other members than those named are refused unless the
// last name is "...".
func fields(raw []byte, names ...string) ([][]byte, error) {
	if trim(raw)[0] != '{' {
		return nil, errors.New("not an object")
	}
	found := make([][]byte, len(names))
	var others map[string]bool
	p := parts(raw)
next:
	for i := 0; i < len(p); i += 2 {
		name, err := text(p[i])
		if err != nil {
			return nil, err
		}
		for j, want := range names {
			if name == strings.TrimSuffix(want, "?") && want != "..." {
				if found[j] != nil {
					return nil, fmt.Errorf("member %q twice", name)
				}
				found[j] = p[i+1]
				continue next
			}
		}
		if names[len(names)-1] != "..." {
			return nil, fmt.Errorf("unknown member %q", name)
		}
		if others[name] {
			return nil, fmt.Errorf("member %q twice", name)
		}
		if string(p[i+1]) == "null" { // so far only act: "a member that would be null is absent"
			return nil, fmt.Errorf("member %q is null", name)
		}
		if others == nil {
			others = make(map[string]bool)
		}
		others[name] = true
	}
	for j, want := range names {
		if found[j] == nil && want != "..." && !strings.HasSuffix(want, "?") {
			return nil, fmt.Errorf("member %q is missing", want)
		}
	}
	return found, nil
}

// parts returns what stands directly in an object (names and values in turn) or in a list.
func parts(raw []byte) (list [][]byte) {
	raw = trim(raw)
	for i := 1; i < len(raw)-1; {
		switch raw[i] {
		case ' ', '\t', '\r', '\n', ',', ':':
			i++
		default:
			end := i + valueLen(raw[i:])
			list = append(list, raw[i:end])
			i = end
		}
	}
	return list
}

// valueLen returns the length of the JSON value at the beginning of raw.
func valueLen(raw []byte) int {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			for i++; raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default: // part of a number or a word, or between two values
			if depth > 0 || i+1 < len(raw) && !strings.ContainsRune(" \t\r\n,:}]", rune(raw[i+1])) {
				continue
			}
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(raw)
}

func trim(raw []byte) []byte { return bytes.Trim(raw, " \t\r\n") }

// text reads a JSON string; half a surrogate pair is refused.
func text(raw []byte) (string, error) {
	if raw[0] != '"' {
		return "", errors.New("not a text")
	}
	raw = raw[1 : len(raw)-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw), nil
	}
	unit := func(i int) rune { // of \uXXXX at i
		if len(raw) < i+6 || raw[i] != '\\' || raw[i+1] != 'u' {
			return 0
		}
		n, _ := strconv.ParseUint(string(raw[i+2:i+6]), 16, 16)
		return rune(n)
	}
	var out strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			out.WriteByte(raw[i])
			continue
		}
		i++
		switch raw[i] {
		case 'b':
			out.WriteByte('\b')
		case 'f':
			out.WriteByte('\f')
		case 'n':
			out.WriteByte('\n')
		case 'r':
			out.WriteByte('\r')
		case 't':
			out.WriteByte('\t')
		case 'u':
			r := unit(i - 1)
			i += 4
			if utf16.IsSurrogate(r) {
				if r = utf16.DecodeRune(r, unit(i+1)); r == unicode.ReplacementChar {
					return "", errors.New("half a surrogate pair in a text")
				}
				i += 6
			}
			out.WriteRune(r)
		default: // quote, backslash, slash
			out.WriteByte(raw[i])
		}
	}
	return out.String(), nil
}

// readFile reads a file of at most max bytes.
func readFile(path string, max int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, max+1))
	if err == nil && int64(len(data)) > max {
		err = fmt.Errorf("%s: too big", path)
	}
	return data, err
}

// ---- foreign test vectors of RFC 9162

// vectors checks the files below folders named inclusion and consistency.
func vectors(dir string) (string, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("%w: %s is no folder", errUsage, dir)
	}
	right, all, wrong := map[string]int{}, map[string]int{}, []string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		kind := ""
		rel, _ := filepath.Rel(dir, path)
		for _, folder := range strings.Split(filepath.ToSlash(filepath.Dir(rel)), "/") {
			if folder == "inclusion" || folder == "consistency" {
				kind = folder
			}
		}
		if kind == "" {
			return nil
		}
		data, err := readFile(path, maxNote)
		if err != nil {
			return err
		}
		all[kind]++
		if wantErr, gotErr, err := vector(kind, data); err != nil || wantErr != gotErr {
			wrong = append(wrong, fmt.Sprintf("%s (error wanted: %v, got: %v, reading: %v)", rel, wantErr, gotErr, err))
		} else {
			right[kind]++
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	line := fmt.Sprintf("vectors: %d of %d inclusion, %d of %d consistency with the expected verdict",
		right["inclusion"], all["inclusion"], right["consistency"], all["consistency"])
	if len(wrong) > 0 || all["inclusion"]+all["consistency"] == 0 {
		return "", fmt.Errorf("%s; not: %s", line, strings.Join(wrong, "; "))
	}
	return line, nil
}

// vector says whether the file wants its proof to fail, and whether it does.
func vector(kind string, data []byte) (wantErr, gotErr bool, err error) {
	var v struct {
		LeafIdx, TreeSize, Size1, Size2 uint64
		Root, LeafHash, Root1, Root2    []byte
		Proof                           [][]byte
		WantErr                         *bool
	}
	if err := json.Unmarshal(data, &v); err != nil || v.WantErr == nil {
		return false, false, fmt.Errorf("not a vector: %v", err)
	}
	proof, short := []tlog.Hash{}, false // short: a hash that is none of 32 bytes
	asHash := func(b []byte) (h tlog.Hash) {
		short = short || len(b) != tlog.HashSize
		copy(h[:], b)
		return h
	}
	for _, p := range v.Proof {
		proof = append(proof, asHash(p))
	}
	var ok bool
	if kind == "inclusion" {
		root, leaf := asHash(v.Root), asHash(v.LeafHash)
		ok = !short && v.TreeSize <= maxSize && v.LeafIdx < v.TreeSize &&
			tlog.CheckRecord(proof, int64(v.TreeSize), root, int64(v.LeafIdx), leaf) == nil
	} else if v.Size1 == v.Size2 {
		ok = v.Size1 > 0 && len(proof) == 0 && bytes.Equal(v.Root1, v.Root2)
	} else {
		root1, root2 := asHash(v.Root1), asHash(v.Root2)
		ok = !short && v.Size1 > 0 && v.Size1 < v.Size2 && v.Size2 <= maxSize &&
			tlog.CheckTree(proof, int64(v.Size2), root2, int64(v.Size1), root1) == nil
	}
	return *v.WantErr, !ok, nil
}
