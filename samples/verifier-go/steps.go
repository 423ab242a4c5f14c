package main

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"time"
)

// The steps of a receipt, a bundle and a container, in their order (V47).

// options are what a verification has besides the file (V4).
type options struct {
	at               time.Time
	slack            time.Duration // of the verifier's own clock, where that says the instant (V89)
	withoutForm      bool
	trust            *trust
	table            algorithms
	level            string
	requireWitnesses bool
	request          []byte
}

// check is one verification under way.
type check struct {
	options
	Report
	judge     *judge
	members   []member // of a bundle or a container
	bundle    bool
	container *container
	manifest  *manifest
	file      []byte // the receipt's
	alone     bool   // a PDF alone
	form      *form

	receipt  *receipt
	proven   bool
	stamp    *proof // of the receipt's own token
	archives []archive
	proofs   []*proof // of the receipt (V43)
	previous *receipt // which is proven
	own      []*proof // of the receipt before, besides
	head     *head
	logged   bool
	caller   *x509.Certificate // who is proven to have signed the request
}

func (c *check) member(name string) []byte {
	for _, one := range c.members {
		if one.name == name {
			return one.content
		}
	}
	return nil
}

// verify judges a file, whatever it holds (V5).
func verify(file []byte, with options) (result *Report) {
	c := &check{options: with, judge: newJudge(with.at, with.slack, with.table)}
	defer func() {
		if trouble := recover(); trouble != nil {
			c.Report.Unread = "it cannot be told: this verifier has an error"
			result = &c.Report
		}
	}()
	switch {
	case len(file) > maxFile:
		c.Unread = "the file is too large"
	case isContainer(file):
		c.verifyContainer(file)
	case bytes.HasPrefix(file, []byte("PK")):
		var err error
		c.members, err = readBundle(file)
		if c.tell("container", err) == passed {
			c.bundle = true
			c.tell("manifest", c.checkManifest())
			c.file = c.member("receipt.xml")
			c.verifyReceipt()
		}
	case bytes.HasPrefix(file, []byte("%PDF-")):
		c.verifyForm(file)
	case bytes.HasPrefix(file, []byte("<PowerCertificate ")):
		c.file = file
		c.verifyPower()
	default:
		c.file = file
		c.verifyReceipt()
	}
	return &c.Report
}

const maxFile = 64 * mib

// readAndSeal are the steps "schema", "seal certificate" and "seal".
func (c *check) readAndSeal(root string) {
	found, err := readReceipt(c.file, root)
	noSeals := len(c.trust.seals) == 0
	if err != nil {
		c.tell("schema", err)
		if noSeals {
			err = cannotTell("no seal is pinned")
		}
		c.tell("seal certificate", err)
		c.tell("seal", err)
		return
	}
	c.receipt = found
	c.tell("schema", valid(found.tree, root))
	c.tell("seal certificate", c.checkSealCertificate(noSeals))
	if noSeals {
		err = cannotTell("no seal is pinned")
	} else {
		err = found.checkSeal(c.trust.seals, root)
	}
	if err == nil && c.judge.isLater(found.seal.instant) {
		err = cannotTell("V89: it was sealed after the instant of the verification")
	}
	if err == nil && root == "PowerCertificate" {
		err = c.checkPowerSeal()
	}
	c.proven = c.tell("seal", err) == passed
}

func (c *check) checkSealCertificate(noSeals bool) error {
	if noSeals {
		return cannotTell("no seal is pinned")
	}
	at, ok := factTime(c.receipt.tree)
	if !ok {
		return breaks("V47", "the instant of the fact cannot be read")
	}
	inSeal := c.receipt.certificate()
	if inSeal == nil {
		return breaks("V47", "the certificate in the seal cannot be read")
	}
	if beside := c.member("certificates/seal.cer"); beside != nil && !bytes.Equal(beside, inSeal) {
		return breaks("V47", "certificates/seal.cer is another one")
	}
	known := c.trust.seals.find(inSeal)
	if known == nil {
		if !c.trust.seals.coveredAt(at) {
			return cannotTell("no pinned seal covers the instant of the fact")
		}
		return breaks("V47", "the certificate in the seal is not pinned")
	}
	if !known.period.covers(at) {
		return breaks("V7", "the seal's period does not cover the instant of the fact")
	}
	return nil
}

func (c *check) checkPowerSeal() error {
	found := c.receipt.seal
	if c.request != nil {
		return breaks("V53", "a request is given beside it")
	}
	if c.level != "" || c.requireWitnesses {
		return cannotTell("it has no time-stamp and is in no log, so no level and no witness")
	}
	if !c.judge.sealCounts(found.pinned.certificate, found.pinned.period, nil) {
		return cannotTell("the seal does not count by itself, and has no time-stamp")
	}
	return nil
}

func (c *check) verifyPower() {
	c.readAndSeal("PowerCertificate")
	if c.receipt != nil && c.receipt.seal != nil && !c.judge.isLater(c.receipt.seal.instant) {
		c.tell("policy", c.checkPolicy())
		return
	}
	c.add("policy", indeterminate, "the seal is not proven")
}

func (c *check) checkPolicy() error {
	named := c.receipt.fact("EvidenceIssuerPolicy", "Sha256")
	for _, hash := range policies {
		if named == hash {
			return nil
		}
	}
	return breaks("V24", "the policy is none that is published")
}

// step is told by its function if the receipt is proven, and cannot be told otherwise.
func (c *check) step(name string, tell func() error) {
	if !c.proven {
		c.add(name, indeterminate, "the receipt is not proven")
		return
	}
	c.tell(name, tell())
}

func (c *check) verifyReceipt() {
	c.readAndSeal("Evidence")
	c.step("policy", c.checkPolicy)
	c.step("renewed heads", c.checkRenewals)
	archived := c.wantsArchives()
	if archived {
		c.step("archive time-stamps", c.checkArchives)
	}
	c.step("time-stamp", c.checkStamp)
	if archived {
		c.step("validation data", c.checkValidationData)
	}
	c.step("request", c.checkRequest)
	c.step("caller's signature", c.checkCaller)
	c.step("revocation data", c.checkRevocation)
	c.step("signer's status", c.checkStatus)
	c.step("chain", c.checkChain)
	c.step("log", c.checkLogged)
	c.tell("checkpoint", c.checkCheckpoint())
	witnessed, err := c.checkCosignatures()
	c.tell("cosignatures", err)
	c.tell("checkpoint's time", c.checkHeadTime(witnessed))
	c.step("form", c.checkForm)
	c.step("existence", c.checkExistence)
}

// ownStamps reads the tokens of a receipt that hold (V30, V31, V33 to V39).
func (c *check) ownStamps(of *receipt) ([]stamped, error) {
	if of.extra != nil {
		return of.extra.stamps(of.seal, c.trust.authorities)
	}
	if !of.stamped {
		return nil, nil
	}
	raw, ok := strictBase64(of.token)
	if !ok {
		return nil, breaks("V30", "the time-stamp is not base64 in its one spelling")
	}
	found, err := parseToken(raw)
	if err != nil {
		return nil, err
	}
	if !found.about(of.seal.signedValue(), crypto.SHA256) {
		return nil, breaks("V30", "the time-stamp is about something else")
	}
	return []stamped{{found, 0}}, c.holds(found, of)
}

// proofsOf are the proofs of the time-stamps of a receipt; what archives it is a later proof of those before it.
func (c *check) proofsOf(stamps []stamped, archives []archive) []*proof {
	var found []*proof
	for _, one := range stamps {
		// By SHA-256 the seal holds its content, whatever the token hashes.
		if made := one.token.proof(c.trust.authorities, "SHA-256"); made != nil {
			made.later = behind(archives, one.place)
			found = append(found, made)
		}
	}
	return found
}

func (c *check) holds(found *token, of *receipt) error {
	if err := found.holds(c.trust.authorities); err != nil {
		return err
	}
	if found.at.Before(of.seal.instant.Add(-clocksDiffer)) {
		return breaks("V31", "the time-stamp is from before the seal")
	}
	return nil
}

// checkStamp is V48.
func (c *check) checkStamp() error {
	found, err := c.ownStamps(c.receipt)
	beside := c.member("certificates/timestamp.cer")
	if err == nil && beside != nil && !isBeside(found, beside) && !c.besideAny(beside) {
		return breaks("V48", "certificates/timestamp.cer is not that of a time-stamp of the receipt")
	}
	if err != nil {
		return err
	}
	if len(found) == 0 {
		if c.level != "" && c.alone && !c.formIsDated() {
			return cannotTell("a PDF alone holds the receipt without its time-stamp, and has none that counts")
		}
		if c.level != "" && !c.alone {
			return breaks("V48", "level T is required, and there is no time-stamp")
		}
		return nothing("there is no time-stamp")
	}
	if len(c.trust.authorities) == 0 {
		return c.required("nobody is pinned who could date it")
	}
	_, before := c.judge.since(c.proofs)
	own := c.proofsOf(found, c.archives)
	c.proofs = append(c.proofs, own...)
	if _, some := c.judge.since(own); some {
		return nil
	}
	if before {
		return nothing("the time-stamp does not count any more; something else proves the receipt")
	}
	return c.required("the time-stamp does not count")
}

func isBeside(found []stamped, certificate []byte) bool {
	for _, one := range found {
		if bytes.Equal(one.token.certificate.Raw, certificate) {
			return true
		}
	}
	return false
}

// besideAny tells whether a certificate is that of any time-stamp that others have put into the receipt (V33).
func (c *check) besideAny(certificate []byte) bool {
	if c.receipt.extra == nil {
		return false
	}
	for _, text := range c.receipt.extra.tokens {
		if raw, ok := lenientBase64(text); ok && bytes.Contains(raw, certificate) {
			return true
		}
	}
	return false
}

func (c *check) required(says string) error {
	if c.level != "" {
		return cannotTell("%s", says)
	}
	return nothing("%s", says)
}

// pastHash tells whether what is named by SHA-256 only is named by nothing any more (V46).
func (c *check) pastHash() bool {
	ends, ok := c.table["SHA-256"]
	return ok && c.at.After(ends)
}

// believed is nil where something may be concluded from what only the receipt binds (V46).
func (c *check) believed() error {
	if c.pastHash() {
		return nothing("V46: the receipt names it by SHA-256 alone")
	}
	return nil
}

// checkRequest is V49.
func (c *check) checkRequest() error {
	named := c.receipt.fact("RequestEvidence", "EnvelopeSha256")
	var found [][]byte
	for _, one := range [][]byte{c.member("request.xml"), c.request} {
		if one != nil {
			found = append(found, one)
		}
	}
	if named == "" {
		if len(found) > 0 {
			return breaks("V49", "there is a request, and the receipt names none")
		}
		return nothing("the receipt names no request")
	}
	for _, one := range found {
		if hexSum(one) != named {
			return breaks("V49", "the request is not the one that the receipt names")
		}
	}
	if len(found) > 0 {
		if c.pastHash() {
			return cannotTell("SHA-256 has ended")
		}
		return nil
	}
	if c.bundle && !c.isLeftOut() {
		return breaks("V49", "the request is missing, and not the one that the manifest leaves out")
	}
	return nothing("there is no request")
}

// isLeftOut tells whether the manifest leaves out the very request that the receipt names.
func (c *check) isLeftOut() bool {
	return c.manifest != nil && c.manifest.leftOut != "" && c.manifest.leftOut == c.receipt.fact("RequestEvidence", "EnvelopeSha256")
}

// checkRevocation is the step "revocation data".
func (c *check) checkRevocation() error {
	data := c.member("revocation.der")
	if data == nil {
		return nothing("there are none")
	}
	if hexSum(data) != c.receipt.fact("ActorAuthentication", "RevocationSha256") {
		return breaks("V47", "the revocation data are not those that the receipt names")
	}
	return c.believed()
}

// checkChain is V52.
func (c *check) checkChain() error {
	named := c.receipt.fact("PreviousEvidence", "Sha256")
	content := c.member("previous.xml")
	switch {
	case named == "" && content == nil:
		return nothing("it is the first receipt")
	case named == "":
		return breaks("V52", "there is a receipt before that this one does not name")
	case content == nil && c.bundle:
		return breaks("V52", "the receipt before is missing")
	case content == nil:
		return nothing("the receipt before is not there")
	}
	found, err := readReceipt(content, "Evidence")
	if err != nil {
		return breaks("V52", "the receipt before: %v", err)
	}
	if hexSum(found.original) != named {
		return breaks("V52", "the receipt before is another one")
	}
	if err := found.checkSeal(c.trust.seals, "Evidence"); err != nil {
		return breaks("V52", "the receipt before: %v", err)
	}
	if found.fact("UserContentInfo", "NotificationId") != c.receipt.fact("UserContentInfo", "NotificationId") {
		return breaks("V52", "the receipt before is of another notification")
	}
	stamps, err := c.ownStamps(found)
	if err != nil {
		return breaks("V52", "the receipt before: %v", err)
	}
	if c.pastHash() {
		return cannotTell("SHA-256 has ended")
	}
	c.previous = found
	archives := c.archivesIn(found)
	c.own = append(behind(archives, -1), c.proofsOf(stamps, archives)...)
	return nil
}

func (c *check) checkLogged() error {
	leaf := c.member("log/leaf.txt")
	if leaf == nil {
		return nothing("there is no leaf")
	}
	identifier := c.receipt.fact("EvidenceIdentifier")
	err := checkLog(leaf, c.member("log/inclusion.json"), c.member("log/checkpoint.note"), identifier, c.receipt.original)
	c.logged = err == nil
	return err
}

// mayBeHigh tells whether a PDF or a head may have a signature in its high form (V10).
func (c *check) mayBeHigh() bool {
	if c.receipt == nil {
		return false
	}
	return mayBeHigh(c.receipt.seal)
}

func mayBeHigh(of *seal) bool { return of != nil && of.policy != latestPolicy }

func (c *check) checkCheckpoint() error {
	content := c.member("log/checkpoint.note")
	if content == nil {
		return nothing("there is no head")
	}
	if len(c.trust.seals) == 0 {
		return cannotTell("no seal is pinned")
	}
	found, err := readNote(content)
	if err != nil {
		return err
	}
	c.head, err = found.provenBy(c.trust.seals, c.mayBeHigh())
	return err
}

// checkCosignatures is V68 to V70; it returns the proof, where the witnesses prove time.
func (c *check) checkCosignatures() (*proof, error) {
	if c.member("log/checkpoint.note") == nil {
		if c.requireWitnesses {
			return nil, cannotTell("witnesses are required, and there is no head")
		}
		return nil, nothing("there is no head")
	}
	known := c.trust.witnesses
	if known == nil {
		if c.requireWitnesses {
			return nil, cannotTell("witnesses are required, and nobody is named")
		}
		return nil, nothing("no witnesses are named")
	}
	if c.head == nil {
		return nil, cannotTell("the head is not proven")
	}
	seen, err := known.seen(c.head.note, c.at.Add(c.slack))
	if err != nil {
		return nil, err
	}
	if len(seen) < known.needed {
		if c.requireWitnesses {
			return nil, breaks("V70", "there are too few cosignatures")
		}
		return nil, cannotTell("there are too few cosignatures")
	}
	if !known.provesTime {
		return nil, nil
	}
	return &proof{at: seen[known.needed-1], period: period{always, never, never}, relies: []string{"Ed25519", "SHA-256"}}, nil
}

// checkHeadTime is V64.
func (c *check) checkHeadTime(witnessed *proof) error {
	if c.member("log/checkpoint.note") == nil {
		return nothing("there is no head")
	}
	if c.head == nil {
		return cannotTell("the head is not proven")
	}
	var proofs []*proof
	isLater := false
	if raw := c.member("log/checkpoint.tst"); raw != nil {
		found, err := parseToken(raw)
		if err != nil {
			return err
		}
		if !found.about(c.head.signature, crypto.SHA256) {
			return breaks("V64", "the token is not about the head's seal")
		}
		if err := found.holds(c.trust.authorities); err != nil {
			return err
		}
		if found.at.Before(c.head.at.Add(-clocksDiffer)) {
			return breaks("V64", "the token is from before the head")
		}
		isLater = c.judge.isLater(found.at)
		if made := found.proof(c.trust.authorities, "SHA-256"); made != nil {
			proofs = append(proofs, made)
		}
	}
	if witnessed != nil {
		proofs = append(proofs, witnessed)
	}
	isLater = isLater || c.judge.isLater(c.head.at)
	if c.logged && !isLater {
		c.proofs = append(c.proofs, proofs...)
	}
	if !c.judge.sealCounts(c.head.seal.certificate, c.head.seal.period, proofs) {
		return cannotTell("the head's seal does not count")
	}
	if isLater {
		return nothing("V89: the head, or its token, is from after the instant of the verification")
	}
	if len(proofs) == 0 {
		return nothing("nobody says when the head existed")
	}
	return nil
}

// checkExistence is the last step.
func (c *check) checkExistence() error {
	made := c.receipt.seal.pinned
	if !c.judge.sealCounts(made.certificate, made.period, c.proofs) {
		return cannotTell("the seal does not count")
	}
	if c.previous != nil {
		made = c.previous.seal.pinned
		if !c.judge.sealCounts(made.certificate, made.period, append(append([]*proof{}, c.proofs...), c.own...)) {
			return cannotTell("the seal of the receipt before does not count")
		}
	}
	if _, some := c.judge.since(c.proofs); !some {
		return nothing("nothing proves since when it exists")
	}
	return nil
}
