package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// The receipt's place in the log (V54 to V58).

func leafOf(kind, identifier string, content, salt []byte) []byte {
	mac := hmac.New(sha256.New, salt)
	mac.Write(content)
	return []byte("notigateway-leaf/1\n" + kind + "\n" + identifier + "\n" + hex.EncodeToString(mac.Sum(nil)) + "\n")
}

func leafHash(leaf []byte) []byte { return sum(append([]byte{0}, leaf...)) }

func nodeHash(left, right []byte) []byte {
	return sum(append(append([]byte{1}, left...), right...))
}

// leads tells whether a proof leads from a leaf to a root (V57, V58).
func leads(hash []byte, index int64, proof [][]byte, size uint64, root []byte) error {
	if index < 0 || uint64(index) >= size {
		return breaks("V57", "there is no such place in the log")
	}
	i, l := uint64(index), size-1
	for _, one := range proof {
		if len(one) != 32 {
			return breaks("V57", "a hash of the proof has not 32 bytes")
		}
		if l == 0 {
			return breaks("V58", "the proof is too long")
		}
		if i%2 == 1 || i == l {
			hash = nodeHash(one, hash)
			for i%2 == 0 && i != 0 {
				i, l = i/2, l/2
			}
		} else {
			hash = nodeHash(hash, one)
		}
		i, l = i/2, l/2
	}
	if l != 0 || !bytes.Equal(hash, root) {
		return breaks("V58", "the proof does not lead to the head")
	}
	return nil
}

func hashes(value any) ([][]byte, bool) {
	list, ok := value.([]any)
	if !ok {
		return nil, false
	}
	found := make([][]byte, 0, len(list))
	for _, one := range list {
		text, ok := one.(string)
		decoded, err := hex.DecodeString(text)
		if !ok || err != nil || hex.EncodeToString(decoded) != text {
			return nil, false
		}
		found = append(found, decoded)
	}
	return found, true
}

type inclusion struct {
	index int64
	salt  []byte
	proof [][]byte
}

// readInclusion is V54.
func readInclusion(content []byte) (*inclusion, error) {
	wrong := breaks("V54", "inclusion.json is not in its one spelling")
	found, err := readJSON(content, true)
	if err != nil || !found.has("index", "salt", "proof") || !bytes.Equal(spelled(found), content) {
		return nil, wrong
	}
	index, one := found.number("index")
	text, two := found.text("salt")
	proof, three := hashes(found.values["proof"])
	if !one || !two || !three || !isHash(text) {
		return nil, wrong
	}
	salt, _ := hex.DecodeString(text)
	return &inclusion{index, salt, proof}, nil
}

// checkLog is the step "log".
func checkLog(leaf, place, checkpoint []byte, identifier string, original []byte) error {
	found, err := readInclusion(place)
	if err != nil {
		return err
	}
	if !bytes.Equal(leaf, leafOf("receipt", identifier, original, found.salt)) {
		return breaks("V55", "the leaf is of something else")
	}
	head, err := readNote(checkpoint)
	if err != nil {
		return err
	}
	return leads(leafHash(leaf), found.index, found.proof, head.size, head.root)
}
