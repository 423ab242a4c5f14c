package main

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"time"
)

// Renewed heads (V75 to V78); the second tree is not known here, so it is ignored.

const (
	maxRenewals = 120
	maxProof    = 64
)

type renewal struct {
	subject []byte
	record  []byte
	token   []byte
	covered *covered
}

type covered struct {
	identifier string
	place      inclusion
}

// readProof reads the members index and proof.
func readPlace(from *object) (int64, [][]byte, bool) {
	index, one := from.number("index")
	proof, two := hashes(from.values["proof"])
	return index, proof, one && two && len(proof) <= maxProof
}

// readRenewals is V75.
func readRenewals(content []byte) (*inclusion, []renewal, error) {
	wrong := breaks("V75", "renewals.json is not in its one spelling")
	found, err := readJSON(content, false)
	if err != nil || !found.has("format", "index", "proof", "renewals", "second_tree") || !bytes.Equal(spelled(found), content) {
		return nil, nil, wrong
	}
	format, _ := found.text("format")
	index, proof, ok := readPlace(found)
	list, isList := found.values["renewals"].([]any)
	if format != "urn:notigateway:renewals:1" || !ok || !isList || len(list) == 0 || len(list) > maxRenewals {
		return nil, nil, wrong
	}
	var made []renewal
	for at, one := range list {
		entry, ok := one.(*object)
		if !ok || !entry.has("record", "covered") {
			return nil, nil, wrong
		}
		record, ok := entry.text("record")
		if !ok {
			return nil, nil, wrong
		}
		next, err := readRecord([]byte(record))
		if err != nil {
			return nil, nil, err
		}
		isLast := at == len(list)-1
		if isLast != (entry.values["covered"] == nil) {
			return nil, nil, breaks("V75", "a renewal is not covered, or the last one is")
		}
		if !isLast {
			if next.covered, err = readCovered(entry.values["covered"]); err != nil {
				return nil, nil, err
			}
		}
		made = append(made, *next)
	}
	return &inclusion{index: index, proof: proof}, made, nil
}

func readRecord(content []byte) (*renewal, error) {
	wrong := breaks("V75", "a record is not in its one spelling")
	found, err := readJSON(content, false)
	if err != nil || !found.has("format", "subject", "token", "certificates", "revocations") || !bytes.Equal(spelled(found), content) {
		return nil, wrong
	}
	format, _ := found.text("format")
	subject, one := found.text("subject")
	token, two := found.text("token")
	decoded, three := strictBase64(token)
	if format != "urn:notigateway:renewal:1" || !one || !two || !three {
		return nil, wrong
	}
	for _, name := range []string{"certificates", "revocations"} {
		list, ok := found.values[name].([]any)
		if !ok {
			return nil, wrong
		}
		for _, one := range list {
			text, ok := one.(string)
			if _, good := strictBase64(text); !ok || !good {
				return nil, wrong
			}
		}
	}
	return &renewal{subject: []byte(subject), record: content, token: decoded}, nil
}

func readCovered(value any) (*covered, error) {
	found, ok := value.(*object)
	if !ok || !found.has("record", "salt", "index", "proof") {
		return nil, breaks("V75", "covered is not in its form")
	}
	identifier, one := found.text("record")
	salt, two := found.text("salt")
	index, proof, three := readPlace(found)
	if !one || !two || !three || !isHash(salt) || !uuidForm.MatchString(identifier) {
		return nil, breaks("V75", "covered is not in its form")
	}
	decoded, _ := hex.DecodeString(salt)
	return &covered{identifier, inclusion{index, decoded, proof}}, nil
}

// checkRenewals is the step "renewed heads".
func (c *check) checkRenewals() error {
	content := c.member(renewalsName)
	if content == nil {
		return nothing("there are none")
	}
	place, list, err := readRenewals(content)
	if err != nil {
		return err
	}
	if len(c.trust.authorities) == 0 {
		return nothing("nobody is pinned who could date them")
	}
	if err := c.checkLeaf(); err != nil {
		return err
	}
	var first, before *proof
	var last time.Time
	var previous *head
	for at, one := range list {
		found, token, err := c.checkRenewal(one, last)
		if err != nil {
			return err
		}
		if previous == nil {
			err = leads(leafHash(c.member("log/leaf.txt")), place.index, place.proof, found.size, found.root)
		} else {
			err = coveredBy(list[at-1], previous, found)
		}
		if err != nil {
			return breaks("V77", "renewal %d: %v", at+1, err)
		}
		made := token.proof(c.trust.authorities)
		if before == nil {
			first = made
		} else {
			before.later = []*proof{made}
		}
		before, previous, last = made, found, token.at
	}
	c.proofs = append(c.proofs, first)
	if !c.judge.counts(first) {
		return cannotTell("the renewals do not reach until then: the last was at %s", shown(last))
	}
	return nil
}

func (c *check) checkLeaf() error {
	leaf := c.member("log/leaf.txt")
	place, err := readInclusion(c.member("log/inclusion.json"))
	if err != nil {
		return err
	}
	if !bytes.Equal(leaf, leafOf("receipt", c.receipt.fact("EvidenceIdentifier"), c.receipt.original, place.salt)) {
		return breaks("V75", "the leaf is not the receipt's")
	}
	return nil
}

// checkRenewal is V76; last is the instant of the token before.
func (c *check) checkRenewal(one renewal, last time.Time) (*head, *token, error) {
	text, err := readNote(one.subject)
	if err != nil {
		return nil, nil, err
	}
	found, err := text.provenBy(c.trust.seals.whole(), true)
	if err != nil {
		return nil, nil, err
	}
	stamp, err := parseToken(one.token)
	if err != nil {
		return nil, nil, err
	}
	if !stamp.about(one.subject, crypto.SHA256) {
		return nil, nil, breaks("V76", "a renewal's token is about something else")
	}
	if err := stamp.holds(c.trust.authorities); err != nil {
		return nil, nil, err
	}
	if !c.trust.authorities.find(stamp.certificate.Raw).period.covers(stamp.at) {
		return nil, nil, breaks("V76", "a renewal's token is from outside of its authority's period")
	}
	if stamp.at.Before(found.at.Add(-clocksDiffer)) || stamp.at.Before(last.Add(-clocksDiffer)) {
		return nil, nil, breaks("V76", "a renewal's token is from before its head, or before the one before")
	}
	return found, stamp, nil
}

// coveredBy tells whether a record has its leaf in the next head (V77).
func coveredBy(one renewal, own, next *head) error {
	if next.size <= own.size {
		return breaks("V76", "the next head is not larger")
	}
	place := one.covered.place
	if place.index < 0 || uint64(place.index) < own.size {
		return breaks("V77", "the record lies before its own head's end")
	}
	leaf := leafOf("renewal", one.covered.identifier, one.record, place.salt)
	return leads(leafHash(leaf), place.index, place.proof, next.size, next.root)
}
