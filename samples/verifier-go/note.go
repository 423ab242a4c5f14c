package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Heads of the log (V59 to V63), and their cosignatures (V65 to V70).

const (
	maxNote   = 64 * kib
	maxText   = 1000
	maxLines  = 64
	noteStart = "\u2014 "
)

type noteLine struct {
	name      string
	id        [4]byte
	signature []byte
}

type note struct {
	text  string
	name  string
	size  uint64
	root  []byte
	at    time.Time
	lines []noteLine
}

// readNote is V59 to V61.
func readNote(content []byte) (*note, error) {
	if len(content) > maxNote || !utf8.Valid(content) {
		return nil, breaks("V59", "the head is too large, or not UTF-8")
	}
	whole := string(content)
	for _, one := range whole {
		if one != '\n' && unicode.IsControl(one) {
			return nil, breaks("V59", "the head has a control character")
		}
	}
	at := strings.LastIndex(whole, "\n\n")
	if at < 0 || !strings.HasSuffix(whole, "\n") || at+2 == len(whole) {
		return nil, breaks("V59", "the head has no signature")
	}
	made := &note{text: whole[:at+1]}
	lines := strings.Split(strings.TrimSuffix(whole[at+2:], "\n"), "\n")
	if len(lines) > maxLines {
		return nil, breaks("V59", "the head has too many signatures")
	}
	if err := made.readText(); err != nil {
		return nil, err
	}
	for _, line := range lines {
		one, ok := readLine(line)
		if !ok {
			return nil, breaks("V61", "a line of the head is no signature")
		}
		made.lines = append(made.lines, one)
	}
	return made, nil
}

var (
	nameForm = regexp.MustCompile(`^[!-~]+( [!-~]+)*$`)
	sizeForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,18})$`)
)

// readText is V60.
func (n *note) readText() error {
	wrong := breaks("V60", "the text of the head is not in its form")
	if len(n.text) > maxText {
		return wrong
	}
	for at := 0; at < len(n.text); at++ {
		if n.text[at] >= 0x80 {
			return wrong
		}
	}
	lines := strings.Split(strings.TrimSuffix(n.text, "\n"), "\n")
	if len(lines) != 4 && len(lines) != 6 || !nameForm.MatchString(lines[0]) || !sizeForm.MatchString(lines[1]) {
		return wrong
	}
	n.name = lines[0]
	var err error
	if n.size, err = strconv.ParseUint(lines[1], 10, 63); err != nil {
		return wrong
	}
	var ok bool
	if n.root, ok = strictBase64(lines[2]); !ok || len(n.root) != 32 {
		return wrong
	}
	if n.at, ok = instant(lines[3]); !ok {
		return wrong
	}
	if len(lines) == 6 {
		follows := strings.SplitN(lines[4], " ", 4)
		reason, is := strings.CutPrefix(lines[5], "reason ")
		if len(follows) != 4 || follows[0] != "follows" || !sizeForm.MatchString(follows[1]) || !nameForm.MatchString(follows[3]) ||
			!is || !nameForm.MatchString(reason) {
			return wrong
		}
		if _, err := strconv.ParseUint(follows[1], 10, 63); err != nil {
			return wrong
		}
		if root, ok := strictBase64(follows[2]); !ok || len(root) != 32 {
			return wrong
		}
	}
	return nil
}

// readLine is V61.
func readLine(line string) (noteLine, bool) {
	rest, ok := strings.CutPrefix(line, noteStart)
	if !ok {
		return noteLine{}, false
	}
	name, text, ok := strings.Cut(rest, " ")
	count := utf8.RuneCountInString(name)
	if !ok || count < 1 || count > 500 || strings.ContainsRune(name, '+') || strings.IndexFunc(name, unicode.IsSpace) >= 0 {
		return noteLine{}, false
	}
	decoded, ok := strictBase64(text)
	if !ok || len(decoded) < 5 {
		return noteLine{}, false
	}
	return noteLine{name, [4]byte(decoded[:4]), decoded[4:]}, true
}

// lineName is the log's name as a line has it (V62).
func lineName(name string) string {
	return strings.Map(func(one rune) rune {
		if one == '+' || unicode.IsSpace(one) {
			return '_'
		}
		return one
	}, name)
}

func keyID(name string, of *pinned) (id [4]byte) {
	content := of.certificate.RawSubjectPublicKeyInfo
	if sealKind(of.certificate) == "rsa" {
		content = append([]byte(name+"\n\xffnotigateway.example/rsa-pss-sha256\n"), content...)
	}
	hash := sha256.Sum256(content)
	return [4]byte(hash[:4])
}

// head is a note whose seal's line holds.
type head struct {
	*note
	seal      *pinned
	signature []byte
}

// provenBy is V62 and V63.
func (n *note) provenBy(seals folder, mayBeHigh bool) (*head, error) {
	name := lineName(n.name)
	for _, line := range n.lines {
		if line.name != name {
			continue
		}
		var known []*pinned
		for _, one := range seals.sorted() {
			if sealKind(one.certificate) != "" && keyID(name, one) == line.id {
				known = append(known, one)
			}
		}
		if len(known) == 0 {
			continue
		}
		var err error
		// Several certificates may be of one key.
		for _, one := range known {
			if err = sealSigned(one.certificate, []byte(n.text), line.signature, mayBeHigh); err != nil {
				continue
			}
			if !one.period.covers(n.at) {
				err = breaks("V63", "the seal's period does not cover the head")
				continue
			}
			return &head{n, one, line.signature}, nil
		}
		return nil, err
	}
	return nil, breaks("V63", "no pinned seal has signed the head")
}

// witnesses of witnesses.toml (V65, V66).
type witnesses struct {
	needed     int
	provesTime bool
	known      []witness
}

type witness struct {
	name string
	id   [4]byte
	key  ed25519.PublicKey
}

func readWitnesses(content string) (*witnesses, error) {
	tables, err := readTOML(content)
	if err != nil {
		return nil, err
	}
	if len(tables) != 1 {
		return nil, fmt.Errorf("it has a table")
	}
	made := &witnesses{needed: 1}
	names, keys := map[string]bool{}, map[string]bool{}
	for name, value := range tables[0].values {
		ok := false
		switch name {
		case "needed":
			var count int64
			count, ok = value.(int64)
			made.needed = int(count)
			ok = ok && count >= 1 && count <= 1000
		case "proves_time":
			made.provesTime, ok = value.(bool)
		case "witnesses":
			var list []string
			list, ok = value.([]string)
			for _, text := range list {
				one, good := readWitness(text)
				if !good || names[one.name] || keys[string(one.key)] {
					return nil, fmt.Errorf("a witness that cannot be read, or is there twice")
				}
				names[one.name], keys[string(one.key)] = true, true
				made.known = append(made.known, one)
			}
		}
		if !ok {
			return nil, fmt.Errorf("%s cannot be read", name)
		}
	}
	if made.needed > len(made.known) {
		return nil, fmt.Errorf("more witnesses are needed than there are")
	}
	return made, nil
}

var witnessName = regexp.MustCompile(`^[!-*,-~]{1,200}$`)

func readWitness(text string) (witness, bool) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || !witnessName.MatchString(parts[0]) {
		return witness{}, false
	}
	key, ok := strictBase64(parts[2])
	if !ok || len(key) != 33 || key[0] != 4 {
		return witness{}, false
	}
	hash := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	made := witness{parts[0], [4]byte(hash[:4]), key[1:]}
	return made, hex.EncodeToString(made.id[:]) == parts[1] && !isWeak(key[1:])
}

// isWeak tells whether everybody can sign under a key: its point has a small order, or is not written as
// RFC 8032 writes it (V66).
func isWeak(key []byte) bool {
	reversed := make([]byte, len(key))
	for place, one := range key {
		reversed[len(key)-1-place] = one
	}
	reversed[0] &= 0x7f
	y := new(big.Int).SetBytes(reversed)
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	eighth, _ := new(big.Int).SetString("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7", 16)
	for _, weak := range []*big.Int{big.NewInt(0), big.NewInt(1), eighth} {
		if y.Cmp(weak) == 0 || new(big.Int).Add(y, weak).Cmp(p) == 0 {
			return true
		}
	}
	return y.Cmp(p) >= 0
}

// seen returns when each witness that counts saw the head, earliest first (V67 to V69).
func (w *witnesses) seen(of *note, at time.Time) ([]time.Time, error) {
	earliest := map[string]time.Time{}
	for _, line := range of.lines {
		for _, one := range w.known {
			if line.name != one.name || !bytes.Equal(line.id[:], one.id[:]) {
				continue
			}
			if len(line.signature) != 72 {
				return nil, breaks("V67", "a line of %s is not of 72 bytes", one.name)
			}
			seconds := binary.BigEndian.Uint64(line.signature)
			signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, of.text)
			if !ed25519.Verify(one.key, []byte(signed), line.signature[8:]) {
				return nil, breaks("V68", "a line of %s is not its own", one.name)
			}
			if seconds > uint64(never.Unix()) {
				continue
			}
			when := time.Unix(int64(seconds), 0).UTC()
			if when.Before(of.at.Add(-clocksDiffer)) || when.After(at) {
				continue
			}
			if before, ok := earliest[one.name]; !ok || when.Before(before) {
				earliest[one.name] = when
			}
		}
	}
	var found []time.Time
	for _, when := range earliest {
		found = append(found, when)
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Before(found[j]) })
	return found, nil
}
