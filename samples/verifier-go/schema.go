package main

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// The schema (V20), in the short form of the specification; the power's from notigateway-evidence-1.xsd.

// grammar has one line for each type: name = parts, each "Name", with ?, * or + for how often, and ":type", or "(…)" for
// what is in it; no type is any text.
const grammar = `
Evidence = EvidenceIdentifier:uuid ERDSEventId:event EventReasons?:Reasons EventTime:instant Channel?:channel SubmissionTime:instant Deadline?:Deadline ServiceAvailability?:Availability Obligation?:Obligation EvidenceIssuerPolicy:Policy EvidenceIssuerDetails?:Issuer SenderDetails:Sender RecipientDetails:Party PredecessorDetails?:Party DelegateDetails?:Delegate SignerDetails?:Signer ActorAuthentication?:Actor RequestEvidence?:Request Report?:Report UserContentInfo:Info PreviousEvidence?:Previous HumanRendition?:Rendition RetentionClass?:retention
Reasons = RuleId? Reason?
Deadline = ExpiresAt:instant RuleId Zone
Availability = Outage*:Outage
Outage = StartedAt:instant EndedAt?:instant
Obligation = Ground?:ground Paper?:paper
Policy = EvidenceIssuerPolicyID Sha256:hex64
Issuer = Name Identifier?:nine
Sender = Dir3:nine Name Identifier:nine
Party = Identifier:nine Name
Delegate = Role:role Identifier:nine Name Reference?
Signer = Identifier:nine Name SecondaryUser?:boolean Registration?:uuid
Actor = Method:method CertificateSha256:hex64 Issuer Serial:serial Identifier:nine ValidationTime:instant RevocationSource? RevocationSha256?:hex64 AlgorithmPolicy? Outcome?:outcome Means?:means Level?:level
Request = MessageId:uuid EnvelopeSha256:hex64 SignatureMethod
Report = ReportedAt:instant Reference Identifier?:nine Name? Nature?:nature FirstAttemptAt?:instant
Info = NotificationId:uuid NotificationCode:integer ActReference Subject Procedure Matter? Ccc? Naf? Metadata*:Metadata Document+:Document
Metadata = Key Value
Document = DocumentId:uuid MediaType Size:unsigned Sha256:hex64
Previous = EvidenceIdentifier:uuid Sha256:hex64
Rendition = CsvCode:csv TemplateId TemplateVersion
PowerCertificate = EvidenceIdentifier:uuid EventTime:instant EvidenceIssuerPolicy:Policy EvidenceIssuerDetails:Issuer GrantorDetails:PowerParty AttorneyDetails:PowerParty PowerId:uuid Scope:scope Item*:Item GrantedAt:instant AcceptedAt?:instant StatedAt?:instant InscribedAt?:instant ExpiresAt:instant EndedAt?:instant State:state Awaits*:awaits RequestEvidence:Request
PowerParty = Identifier:nine Name Contact?
Item = Kind:kind Value Name State:state EndedAt?:instant
`

var words = map[string]string{
	"uuid": `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`, "nine": `[0-9A-Z]{9}`, "hex64": `[0-9a-f]{64}`,
	"serial": `-?[0-9]{1,64}`, "csv": `[A-Z2-7]{16,32}`, "boolean": `[ \t\n\r]*(true|false|0|1)[ \t\n\r]*`,
	"event": `[ \t\n\r]*(http://uri\.etsi\.org/19522/Event/(NotificationForAcceptance|ConsignmentAcceptance|ConsignmentRejection|` +
		`ContentHandover|AcceptanceRejectionExpiry|ContentHandoverFailure)|urn:notigateway:evidence-event:(ReadingForInformation|OfficialPublication))[ \t\n\r]*`,
	"channel": `web_service|sede|dehu|citizen_folder|postal|in_person`, "role": `own|red|attorney`, "ground": `[abcd]`,
	"paper": `first_ex_officio|on_appearance|direct_delivery|urgency`, "method": `x509-ws-security`, "outcome": `passed`,
	"means": `certificate|clave_permanente|clave_movil|clave_pin`, "level": `low|substantial|high`,
	"retention": `standard|special_category`, "nature": `expired|refused|published|absent|deceased`,
	"scope": `general|matter|procedure`, "kind": `matter|group|procedure`, "awaits": `acceptance|statement`,
	"state": `pending|in_force|not_accepted|expired|renounced|revoked|void`,
}

type part struct{ name, often, kind string }

var (
	complexTypes = map[string][]part{}
	simpleTypes  = map[string]*regexp.Regexp{}
)

func init() {
	form := regexp.MustCompile(`^([A-Za-z0-9]+)([?*+]?)(?::([A-Za-z0-9]+))?$`)
	for _, line := range strings.Split(strings.TrimSpace(grammar), "\n") {
		name, rest, _ := strings.Cut(line, " = ")
		for _, text := range strings.Fields(rest) {
			found := form.FindStringSubmatch(text)
			complexTypes[name] = append(complexTypes[name], part{found[1], found[2], found[3]})
		}
	}
	for name, pattern := range words {
		simpleTypes[name] = regexp.MustCompile(`^(?:` + pattern + `)$`)
	}
}

// valid checks a receipt or the certificate of a power against the schema.
func valid(root *element, name string) error {
	if root.namespace != evidenceNS || root.local != name {
		return breaks("V20", "the root is another element")
	}
	if err := validElement(root, name); err != nil {
		return breaks("V20", "%v", err)
	}
	return nil
}

func validElement(found *element, kind string) error {
	for _, one := range found.attributes {
		if one.namespace != "http://www.w3.org/2001/XMLSchema-instance" {
			return fmt.Errorf("%s has an attribute", found.local)
		}
	}
	parts, isComplex := complexTypes[kind]
	if !isComplex {
		if len(found.elements()) > 0 {
			return fmt.Errorf("%s has elements in it", found.local)
		}
		return validText(found.local, found.text(), kind)
	}
	if strings.Trim(found.text(), " \t\n\r") != "" {
		return fmt.Errorf("%s has a text beside its elements", found.local)
	}
	children := found.elements()
	if found.parent == nil && len(children) > 0 && children[len(children)-1].namespace == dsNS {
		children = children[:len(children)-1]
	}
	for _, one := range parts {
		count := 0
		for len(children) > 0 && children[0].namespace == evidenceNS && children[0].local == one.name {
			if err := validElement(children[0], one.kind); err != nil {
				return err
			}
			children = children[1:]
			if count++; one.often == "" || one.often == "?" || one.name == "Awaits" && count == 2 {
				break
			}
		}
		if count == 0 && (one.often == "" || one.often == "+") {
			return fmt.Errorf("%s is missing in %s", one.name, found.local)
		}
	}
	if len(children) > 0 {
		return fmt.Errorf("%s stands where it must not", children[0].local)
	}
	return nil
}

func validText(name, text, kind string) error {
	good := true
	switch kind {
	case "":
	case "instant":
		_, good = instant(strings.Replace(text, "T24:00:00.000Z", "T00:00:00.000Z", 1))
	case "integer":
		number, ok := wholeNumber(text)
		good = ok && number.IsInt64()
	case "unsigned":
		number, ok := wholeNumber(text)
		good = ok && number.IsUint64()
	default:
		good = simpleTypes[kind].MatchString(text)
	}
	if !good {
		return fmt.Errorf("%s is not what it must be", name)
	}
	return nil
}

var numberForm = regexp.MustCompile(`^[+-]?[0-9]{1,64}$`)

func wholeNumber(text string) (*big.Int, bool) {
	text = strings.Trim(text, " \t\n\r")
	if !numberForm.MatchString(text) {
		return nil, false
	}
	return new(big.Int).SetString(strings.TrimPrefix(text, "+"), 10)
}
