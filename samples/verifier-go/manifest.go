package main

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// The manifest (V13 to V18).

type manifest struct {
	seal    *pinned
	madeAt  time.Time
	leftOut string // SHA-256 of the request, or nothing
}

type listed struct {
	name   string
	size   int64
	sha256 string
}

// readManifest is V13, V14, V17 and the form of V16; what is left out is told even where the seal does not count.
func readManifest(content []byte) (*manifest, *object, []listed, error) {
	found, err := readJSON(content, true)
	if err != nil {
		return nil, nil, nil, breaks("V13", "manifest.json: %v", err)
	}
	wrong := breaks("V14", "manifest.json is not in its form")
	format, _ := found.text("format")
	_, one := found.text("receipt")
	made, two := found.text("made_at")
	seal, three := found.text("seal_sha256")
	files, four := found.values["files"].([]any)
	if format != "urn:notigateway:evidence-bundle:2" || !one || !two || !three || !four || !isHash(seal) {
		return nil, nil, nil, wrong
	}
	result := &manifest{}
	var ok bool
	if result.madeAt, ok = instant(made); !ok {
		return nil, nil, nil, wrong
	}
	var list []listed
	for _, file := range files {
		entry, ok := file.(*object)
		if !ok {
			return nil, nil, nil, wrong
		}
		name, one := entry.text("name")
		size, two := entry.number("size")
		hash, three := entry.text("sha256")
		if !one || !two || !three {
			return nil, nil, nil, wrong
		}
		list = append(list, listed{name, size, hash})
	}
	leftOut, stated := found.values["left_out"]
	if stated {
		if err := result.readLeftOut(leftOut); err != nil {
			return nil, nil, nil, err
		}
	}
	return result, found, list, nil
}

func (m *manifest) readLeftOut(value any) error {
	list, ok := value.([]any)
	if !ok || len(list) > 1 {
		return breaks("V17", "what is left out is more than the request")
	}
	for _, one := range list {
		entry, ok := one.(*object)
		if !ok || len(entry.names) != 3 {
			return breaks("V17", "what is left out is not in its form")
		}
		name, _ := entry.text("name")
		hash, _ := entry.text("sha256")
		_, ok = entry.text("reason")
		if name != "request.xml" || !isHash(hash) || !ok {
			return breaks("V17", "what is left out is not the request")
		}
		m.leftOut = hash
	}
	return nil
}

func (c *check) checkManifest() error {
	content := c.member("manifest.json")
	if len(c.trust.seals) == 0 {
		return cannotTell("no seal is pinned")
	}
	made, found, list, err := readManifest(content)
	if err != nil {
		return err
	}
	named, _ := found.text("seal_sha256")
	decoded, _ := hex.DecodeString(named)
	if made.seal = c.trust.seals[[sha256.Size]byte(decoded)]; made.seal == nil {
		return breaks("V15", "the manifest names no pinned seal")
	}
	if c.container == nil {
		if err := sealSigned(made.seal.certificate, content, c.member("manifest.sig"), false); err != nil {
			return err
		}
	} else if err := c.container.checkSeal(c.trust.seals, made.seal); err != nil {
		return err
	}
	if !made.seal.period.covers(made.madeAt) {
		return breaks("V15", "the seal's period does not cover the instant of the manifest")
	}
	if made.leftOut != "" && c.member("request.xml") != nil {
		return breaks("V17", "the request is left out, and is there")
	}
	if err := c.compareFiles(list); err != nil {
		return err
	}
	c.manifest = made
	if !c.judge.sealCounts(made.seal.certificate, made.seal.period, nil) {
		return nothing("V18: the manifest's seal does not count by itself")
	}
	if c.judge.isLater(made.madeAt) {
		return nothing("V89: the manifest is from after the instant of the verification")
	}
	return nil
}

// compareFiles is V16.
func (c *check) compareFiles(list []listed) error {
	at := 0
	for _, one := range c.members {
		if one.name == "manifest.json" || one.name == "manifest.sig" {
			continue
		}
		if at == len(list) || list[at].name != one.name {
			return breaks("V16", "the manifest does not list %s where it stands", one.name)
		}
		if !listedAs(list[at], one) {
			return breaks("V16", "%s is not what the manifest lists", one.name)
		}
		at++
	}
	if at != len(list) {
		return breaks("V16", "the manifest lists %q, which is not there", list[at].name)
	}
	return nil
}

func listedAs(as listed, one member) bool {
	is := func(content []byte) bool {
		return content != nil && as.size == int64(len(content)) && as.sha256 == hexSum(content)
	}
	if is(one.content) {
		return true
	}
	if one.name != "receipt.xml" && one.name != "previous.xml" {
		return false
	}
	found, err := readReceipt(one.content, "Evidence")
	if err != nil || found.extra == nil {
		return false
	}
	if is(found.original) {
		return true
	}
	for _, token := range found.extra.tokens {
		if is(stampedWith(found.original, token)) {
			return true
		}
	}
	return false
}
