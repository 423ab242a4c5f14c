package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// The bundle's ZIP (V11, V12): read as it stands, written again, compared.

const (
	kib = 1 << 10
	mib = 1 << 20
)

type kindOfMember struct {
	name   string
	always bool
	limit  int
}

const renewalsName = "log/renewals.json"

// members in their order. The one member whose name the table of the specification leaves open is revocation.der.
var members = []kindOfMember{
	{"manifest.json", true, 64 * kib},
	{"manifest.sig", true, 2 * kib},
	{"receipt.xml", true, 5 * mib},
	{"receipt.pdf", true, 16 * mib},
	{"previous.xml", false, 5 * mib},
	{"request.xml", false, 64 * mib},
	{"certificates/seal.cer", true, 64 * kib},
	{"certificates/caller.cer", false, 64 * kib},
	{"certificates/timestamp.cer", false, 64 * kib},
	{"revocation.der", false, 32 * mib},
	{"log/leaf.txt", true, kib},
	{"log/inclusion.json", true, 64 * kib},
	{"log/checkpoint.note", true, 64 * kib},
	{"log/checkpoint.tst", false, 64 * kib},
	{renewalsName, false, 16 * mib},
}

type member struct {
	name    string
	content []byte
}

var le = binary.LittleEndian

// readBundle returns the members of a file that is a bundle in its one form.
func readBundle(file []byte) ([]member, error) {
	var found []member
	at, next := 0, 0
	for at+30 <= len(file) && bytes.HasPrefix(file[at:], []byte("PK\x03\x04")) {
		size := int64(le.Uint32(file[at+18:]))
		nameLength := int64(le.Uint16(file[at+26:]))
		begin := int64(at) + 30 + nameLength
		if begin+size > int64(len(file)) {
			return nil, breaks("V12", "a member is longer than the file")
		}
		name := string(file[at+30 : begin])
		for next < len(members) && members[next].name != name {
			if members[next].always {
				return nil, breaks("V11", "%q stands where %q must", name, members[next].name)
			}
			next++
		}
		if next == len(members) {
			return nil, breaks("V11", "the member %q is none of a bundle, is there twice or out of order", name)
		}
		if size > int64(members[next].limit) {
			return nil, breaks("V11", "%s is too large", name)
		}
		found = append(found, member{name, file[begin : begin+size]})
		next++
		at = int(begin + size)
	}
	for ; next < len(members); next++ {
		if members[next].always {
			return nil, breaks("V11", "there is no %s", members[next].name)
		}
	}
	if !bytes.Equal(writeBundle(found), file) {
		return nil, breaks("V12", "the file is not what its members make")
	}
	return found, nil
}

func writeBundle(found []member) []byte {
	var file, entries bytes.Buffer
	for _, one := range found {
		offset := uint32(file.Len())
		numbers := le.AppendUint32(nil, crc32.ChecksumIEEE(one.content))
		numbers = le.AppendUint32(numbers, uint32(len(one.content)))
		numbers = le.AppendUint32(numbers, uint32(len(one.content)))
		numbers = le.AppendUint16(numbers, uint16(len(one.name)))
		numbers = append(numbers, 0, 0)

		file.WriteString("PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x21\x00")
		file.Write(numbers)
		file.WriteString(one.name)
		file.Write(one.content)

		entries.WriteString("PK\x01\x02\x14\x03\x14\x00\x00\x00\x00\x00\x00\x00\x21\x00")
		entries.Write(numbers)
		entries.WriteString("\x00\x00\x00\x00\x00\x00\x00\x00\xa4\x01")
		entries.Write(le.AppendUint32(nil, offset))
		entries.WriteString(one.name)
	}
	offset, size := uint32(file.Len()), uint32(entries.Len())
	file.Write(entries.Bytes())
	file.WriteString("PK\x05\x06\x00\x00\x00\x00")
	file.Write(le.AppendUint16(nil, uint16(len(found))))
	file.Write(le.AppendUint16(nil, uint16(len(found))))
	file.Write(le.AppendUint32(nil, size))
	file.Write(le.AppendUint32(nil, offset))
	file.WriteString("\x00\x00")
	return file.Bytes()
}
