package main

import "fmt"

// DER by itself, in shortest lengths: encoding/asn1 does not say how a thing was written.

type der struct {
	tag  byte
	body []byte
	raw  []byte
}

func readDER(content []byte) (der, []byte, error) {
	if len(content) < 2 || content[0]&0x1f == 0x1f {
		return der{}, nil, fmt.Errorf("no DER where some must be")
	}
	length, header := int(content[1]), 2
	if length >= 0x80 {
		count := length & 0x7f
		if count == 0 || count > 4 || len(content) < 2+count || content[2] == 0 {
			return der{}, nil, fmt.Errorf("a length that is not the shortest")
		}
		length = 0
		for _, one := range content[2 : 2+count] {
			length = length<<8 | int(one)
		}
		if length < 0x80 {
			return der{}, nil, fmt.Errorf("a length that is not the shortest")
		}
		header += count
	}
	if length > len(content)-header {
		return der{}, nil, fmt.Errorf("DER that does not end")
	}
	end := header + length
	return der{content[0], content[header:end], content[:end]}, content[end:], nil
}

// onlyDER reads one thing with nothing behind it, in shortest lengths all through.
func onlyDER(content []byte) (der, error) {
	found, rest, err := readDER(content)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("something stands behind it")
	}
	if err == nil {
		err = found.strict(0)
	}
	return found, err
}

func (d der) strict(depth int) error {
	if d.tag&0x20 == 0 {
		return nil
	}
	if depth > 32 {
		return fmt.Errorf("DER that is nested too deep")
	}
	inside, err := d.children()
	for at := 0; err == nil && at < len(inside); at++ {
		err = inside[at].strict(depth + 1)
	}
	return err
}

func (d der) children() ([]der, error) {
	var found []der
	for rest := d.body; len(rest) > 0; {
		one, behind, err := readDER(rest)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
		rest = behind
	}
	return found, nil
}

// has returns the children if their tags are these.
func (d der) has(tags ...byte) ([]der, bool) {
	found, err := d.children()
	if err != nil || len(found) != len(tags) {
		return nil, false
	}
	for at, tag := range tags {
		if found[at].tag != tag {
			return nil, false
		}
	}
	return found, true
}

func writeDER(tag byte, parts ...[]byte) []byte {
	var body []byte
	for _, part := range parts {
		body = append(body, part...)
	}
	header := []byte{tag}
	switch length := len(body); {
	case length < 0x80:
		header = append(header, byte(length))
	case length < 0x100:
		header = append(header, 0x81, byte(length))
	case length < 0x10000:
		header = append(header, 0x82, byte(length>>8), byte(length))
	default:
		header = append(header, 0x83, byte(length>>16), byte(length>>8), byte(length))
	}
	return append(header, body...)
}

// Object identifiers, as the bytes of their DER without tag and length.
const (
	oidSignedData     = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	oidData           = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	oidTSTInfo        = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04"
	oidContentType    = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"
	oidMessageDigest  = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"
	oidSigningCertV2  = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f"
	oidTimeStampToken = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e"
	oidSHA256         = "\x60\x86\x48\x01\x65\x03\x04\x02\x01"
	oidSHA384         = "\x60\x86\x48\x01\x65\x03\x04\x02\x02"
	oidSHA512         = "\x60\x86\x48\x01\x65\x03\x04\x02\x03"
	oidRSA            = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
	oidPSS            = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
	oidMGF1           = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"
	oidRSAWithSHA256  = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
	oidRSAWithSHA384  = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"
	oidRSAWithSHA512  = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"
	oidECWithSHA256   = "\x2a\x86\x48\xce\x3d\x04\x03\x02"
	oidECWithSHA384   = "\x2a\x86\x48\xce\x3d\x04\x03\x03"
	oidECWithSHA512   = "\x2a\x86\x48\xce\x3d\x04\x03\x04"
)

// isOID tells whether it is that object identifier.
func (d der) isOID(oid string) bool { return d.tag == 0x06 && string(d.body) == oid }

// isNumber tells whether it is that small INTEGER.
func (d der) isNumber(value byte) bool {
	return d.tag == 0x02 && len(d.body) == 1 && d.body[0] == value
}
