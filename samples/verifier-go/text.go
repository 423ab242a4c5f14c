package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"time"
)

// Spellings that several rules share: base64 in its one spelling, hexadecimal in lower case, instants with milliseconds.

func strictBase64(text string) ([]byte, bool) {
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(decoded) != text {
		return nil, false
	}
	return decoded, true
}

var instantForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$`)

func instant(text string) (time.Time, bool) {
	if !instantForm.MatchString(text) {
		return time.Time{}, false
	}
	found, err := time.Parse("2006-01-02T15:04:05.000Z", text)
	return found, err == nil && found.Year() >= 1
}

func shown(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func sum(content []byte) []byte {
	hash := sha256.Sum256(content)
	return hash[:]
}

func hexSum(content []byte) string { return hex.EncodeToString(sum(content)) }

func base64Sum(content []byte) string { return base64.StdEncoding.EncodeToString(sum(content)) }

func isHash(text string) bool {
	decoded, err := hex.DecodeString(text)
	return err == nil && len(decoded) == 32 && hex.EncodeToString(decoded) == text
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
