package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"
)

// The trust folder (V6 to V8).

type pinned struct {
	certificate *x509.Certificate
	period      period
}

// folder is the certificates of one of the folders, by the SHA-256 of their DER.
type folder map[[32]byte]*pinned

type trust struct {
	seals, authorities folder
	issuers            []*x509.Certificate
	hasIssuers         bool
	witnesses          *witnesses
}

// maxTrustFile bounds what is read of the folder, which the verifier's own user has made.
const maxTrustFile = 4 * mib

const periodsFile = "periods.toml"

func readTrust(path string) (*trust, error) {
	if found, err := os.Stat(path); err != nil || !found.IsDir() {
		return nil, fmt.Errorf("%s is no folder", path)
	}
	made := &trust{}
	var err error
	if made.seals, err = readFolder(filepath.Join(path, "seals"), periodsFile); err != nil {
		return nil, err
	}
	if made.authorities, err = readFolder(filepath.Join(path, "timestamp"), periodsFile); err != nil {
		return nil, err
	}
	issuers, err := readFolder(filepath.Join(path, "issuers"), "")
	if err != nil {
		return nil, err
	}
	for _, one := range issuers {
		made.issuers = append(made.issuers, one.certificate)
	}
	sort.Slice(made.issuers, func(i, j int) bool { return bytes.Compare(made.issuers[i].Raw, made.issuers[j].Raw) < 0 })
	made.hasIssuers = len(made.issuers) > 0
	named := filepath.Join(path, "witnesses.toml")
	if content, err := readSmall(named); err == nil {
		if made.witnesses, err = readWitnesses(string(content)); err != nil {
			return nil, fmt.Errorf("%s: %w", named, err)
		}
	} else if !os.IsNotExist(err) {
		return nil, err
	}
	return made, nil
}

func readSmall(path string) ([]byte, error) {
	found, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if found.Size() > maxTrustFile || !found.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is too large, or no file", path)
	}
	return os.ReadFile(path)
}

// readFolder reads a folder of certificates; issuers have no table of periods.
func readFolder(path, table string) (folder, error) {
	entries, err := os.ReadDir(path)
	if os.IsNotExist(err) {
		return folder{}, nil
	}
	if err != nil {
		return nil, err
	}
	periods := map[string]map[string]time.Time{}
	if table != "" {
		if periods, err = readPeriods(filepath.Join(path, table)); err != nil {
			return nil, err
		}
	}
	made := folder{}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || name == table {
			continue
		}
		content, err := readSmall(filepath.Join(path, name))
		if err != nil {
			return nil, err
		}
		certificates, err := certificatesIn(content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(path, name), err)
		}
		for _, one := range certificates {
			made.pin(one, periods[name])
		}
		delete(periods, name)
	}
	for name := range periods {
		return nil, fmt.Errorf("%s: there is no file %q", filepath.Join(path, table), name)
	}
	return made, nil
}

func (f folder) pin(certificate *x509.Certificate, stated map[string]time.Time) {
	of := period{certificate.NotBefore, certificate.NotAfter, certificate.NotAfter}
	if since, ok := stated["since"]; ok {
		of.since = later(of.since, since)
	}
	if until, ok := stated["until"]; ok {
		of.until = earlier(of.until, until)
	}
	of.stops = of.until
	if stops, ok := stated["stops"]; ok {
		of.stops = earlier(stops, of.until)
	}
	key := sha256.Sum256(certificate.Raw)
	if known, twice := f[key]; twice {
		of = of.common(known.period)
	}
	f[key] = &pinned{certificate, of}
}

// find returns who is pinned under these very bytes, or nil.
func (f folder) find(der []byte) *pinned { return f[sha256.Sum256(der)] }

// sorted returns them in an order that does not change.
func (f folder) sorted() []*pinned {
	found := make([]*pinned, 0, len(f))
	for _, one := range f {
		found = append(found, one)
	}
	sort.Slice(found, func(i, j int) bool {
		return bytes.Compare(found[i].certificate.Raw, found[j].certificate.Raw) < 0
	})
	return found
}

// coveredAt tells whether anybody pinned covers an instant.
func (f folder) coveredAt(at time.Time) bool {
	for _, one := range f {
		if one.period.covers(at) {
			return true
		}
	}
	return false
}

func certificatesIn(content []byte) ([]*x509.Certificate, error) {
	if !bytes.Contains(content, []byte("-----BEGIN ")) {
		found, err := x509.ParseCertificate(content)
		if err != nil {
			return nil, err
		}
		return []*x509.Certificate{found}, nil
	}
	var made []*x509.Certificate
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		found, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		made = append(made, found)
	}
	if len(made) == 0 {
		return nil, fmt.Errorf("there is no certificate in it")
	}
	return made, nil
}

func readPeriods(path string) (map[string]map[string]time.Time, error) {
	content, err := readSmall(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	tables, err := readTOML(string(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	made := map[string]map[string]time.Time{}
	for at, one := range tables {
		if at == 0 && len(one.values) > 0 {
			return nil, fmt.Errorf("%s: there is more in it than tables", path)
		}
		if at == 0 {
			continue
		}
		if len(one.values) == 0 {
			return nil, fmt.Errorf("%s: %q has an empty table", path, one.name)
		}
		stated := map[string]time.Time{}
		for name, value := range one.values {
			found, ok := value.(time.Time)
			if !ok || name != "since" && name != "stops" && name != "until" {
				return nil, fmt.Errorf("%s: %s is nothing that a period has", path, name)
			}
			stated[name] = found
		}
		if !inOrder(stated, "since", "stops", "until") {
			return nil, fmt.Errorf("%s: the period of %q ends before it begins, or before it stops", path, one.name)
		}
		made[one.name] = stated
	}
	return made, nil
}

// inOrder tells whether none of these instants, where they are stated, is before one that is named before it.
func inOrder(stated map[string]time.Time, names ...string) bool {
	var before time.Time
	isFirst := true
	for _, name := range names {
		one, ok := stated[name]
		if !ok {
			continue
		}
		if !isFirst && one.Before(before) {
			return false
		}
		before, isFirst = one, false
	}
	return true
}

// readAlgorithms reads a table of algorithms (V40).
func readAlgorithms(path string) (algorithms, error) {
	content, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	tables, err := readTOML(string(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	_, isReviewed := tables[0].values["reviewed"].(date)
	if !isReviewed || len(tables[0].values) != 1 || len(tables) != 2 || tables[1].name != "ends" {
		return nil, fmt.Errorf("%s: a table of algorithms has reviewed, a date, and [ends]", path)
	}
	made := algorithms{}
	for name, value := range tables[1].values {
		ends, ok := value.(time.Time)
		if !ok || !slices.Contains(algorithmNames, name) {
			return nil, fmt.Errorf("%s: %s is no algorithm, or has no instant with its zone", path, name)
		}
		made[name] = ends
	}
	return made, nil
}

// whole is the folder with each certificate in use as long as it is valid, whatever periods.toml says.
func (f folder) whole() folder {
	made := folder{}
	for key, one := range f {
		valid := one.certificate
		made[key] = &pinned{valid, period{valid.NotBefore, valid.NotAfter, valid.NotAfter}}
	}
	return made
}
