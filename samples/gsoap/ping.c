// Pings, lists, reads a fault, with gSOAP and its plugin wsse; a line of JSON for each.
//
//     gsoap-ping URL me.key.pem me.cert.pem service.cert.pem
//
// `prepare` is what is signed, `believe` what is asked of each answer before anything of it is used.

#include "NotigatewayBinding.nsmap"
#include "soapH.h"
#include "wsseapi.h"

#include <openssl/rand.h>

#define CONTRACT "urn:notigateway:v1"
#define ADDRESSING "http://www.w3.org/2005/08/addressing"
#define SOAP "http://schemas.xmlsoap.org/soap/envelope/"
#define WSS "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-"

static EVP_PKEY *key;
static X509 *mine, *service;
static char message_id[128];

static void stop(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

// Random, and with the signer's name at its end, so that nobody else is answered under it.
static void new_message_id(void)
{
    unsigned char random[16], digest[EVP_MAX_MD_SIZE];
    char *at = message_id;
    if (RAND_bytes(random, sizeof random) != 1 || !X509_digest(mine, EVP_sha256(), digest, NULL))
        stop("no random numbers");
    at += sprintf(at, "urn:uuid:");
    for (int i = 0; i < 16; i++)
        at += sprintf(at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", random[i]);
    at += sprintf(at, "#");
    for (int i = 0; i < 32; i++)
        at += sprintf(at, "%02x", digest[i]);
}

// Body, Timestamp, MessageID and Action are signed; the certificate is a token that the signature references.
static void prepare(struct soap *soap, const char *operation)
{
    char action[128];
    soap_destroy(soap);
    soap_end(soap);
    soap->header = NULL;
    new_message_id();
    snprintf(action, sizeof action, CONTRACT ":%s", operation);
    soap_wsse_add_Security(soap);
    soap->header->wsa5__MessageID = soap_strdup(soap, message_id);
    soap->header->wsa5__Action = soap_strdup(soap, action);
    soap_wsse_set_wsu_id(soap, "wsa5:MessageID wsa5:Action");
    if (soap_wsse_add_Timestamp(soap, "Time", 300)
        || soap_wsse_add_BinarySecurityTokenX509(soap, "X509Token", mine)
        || soap_wsse_add_KeyInfo_SecurityTokenReferenceX509(soap, "#X509Token")
        || soap_wsse_sign_body(soap, SOAP_SMD_SIGN_RSA_SHA256, key, 0)
        || soap_wsse_verify_auto(soap, SOAP_SMD_VRFY_RSA_SHA256, X509_get0_pubkey(service), 0))
        stop("the request cannot be signed");
}

static int is_named(const struct soap_dom_element *one, const char *namespace, const char *name)
{
    const char *local = strchr(one->name, ':');
    return one->nstr && !strcmp(one->nstr, namespace) && !strcmp(local ? local + 1 : one->name, name);
}

static struct soap_dom_element *only(const struct soap_dom_element *parent, const char *namespace, const char *name)
{
    struct soap_dom_element *found = NULL;
    for (struct soap_dom_element *one = parent ? parent->elts : NULL; one; one = one->next) {
        if (one->name && is_named(one, namespace, name)) {
            if (found)
                stop("an element occurs twice");
            found = one;
        }
    }
    return found;
}

static const char *id_of(const struct soap_dom_element *one)
{
    for (const struct soap_dom_attribute *found = one->atts; found; found = found->next) {
        const char *local = strchr(found->name, ':');
        if (!strcasecmp(local ? local + 1 : found->name, "Id"))
            return found->text;
    }
    return NULL;
}

// Whether a reference leads to this very element: no other has its Id, or the plugin might have digested that one. The plugin's own
// `soap_wsse_verify_element` counts what follows a signed last child as part of it.
static int is_signed(struct soap *soap, const struct soap_dom_element *element)
{
    const char *id = element ? id_of(element) : NULL;
    const struct ds__SignedInfoType *info = soap_wsse_SignedInfo(soap);
    int references = 0;
    if (!id || !info)
        return 0;
    for (struct soap_dom_element *one = soap->dom; one; one = soap_dom_next_element(one, NULL)) {
        const char *other = id_of(one);
        if (one != element && other && !strcmp(other, id))
            return 0;
    }
    for (int i = 0; i < info->__sizeReference; i++)
        references += info->Reference[i]->URI[0] == '#' && !strcmp(info->Reference[i]->URI + 1, id);
    return references == 1;
}

// The plugin has proven that the pinned key signed something: here, that it signed what is read, and in answer to this request.
static void believe(struct soap *soap, int result)
{
    struct wsa5__RelatesToType *relates = soap->header ? soap->header->wsa5__RelatesTo : NULL;
    if (result != SOAP_OK && !(soap->fault && soap->fault->detail && soap->fault->detail->ns1__GatewayFault)) {
        soap_print_fault(soap, stderr);
        stop("no answer that is verified");
    }
    const struct soap_dom_element *header = only(soap->dom, SOAP, "Header");
    const struct soap_dom_element *security = only(header, WSS "secext-1.0.xsd", "Security");
    if (!is_signed(soap, only(soap->dom, SOAP, "Body")))
        stop("the Body is not signed");
    if (!is_signed(soap, only(security, WSS "utility-1.0.xsd", "Timestamp")) || soap_wsse_verify_Timestamp(soap))
        stop("no fresh Timestamp is signed");
    if (!is_signed(soap, only(header, ADDRESSING, "RelatesTo")) || !relates || strcmp(relates->__item, message_id))
        stop("this answers another request");
}

// The plugin takes the key from the token of the answer, whatever key it is given, and asks this of the token: exactly the service's.
// A TLS connection asks it too, of another certificate.
static int only_the_service(int ok, X509_STORE_CTX *asked)
{
    if (X509_STORE_CTX_get_ex_data(asked, SSL_get_ex_data_X509_STORE_CTX_idx()))
        return ok;
    return X509_cmp(X509_STORE_CTX_get0_cert(asked), service) == 0;
}

static void line(const char *operation, int ok)
{
    printf("{\"operation\": \"%s\", \"ok\": %s, \"verified\": true}\n", operation, ok ? "true" : "false");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        stop("gsoap-ping URL me.key.pem me.cert.pem service.cert.pem");
    FILE *files[3];
    for (int i = 0; i < 3; i++)
        if (!(files[i] = fopen(argv[2 + i], "r")))
            stop(argv[2 + i]);
    key = PEM_read_PrivateKey(files[0], NULL, NULL, NULL);
    mine = PEM_read_X509(files[1], NULL, NULL, NULL);
    service = PEM_read_X509(files[2], NULL, NULL, NULL);
    if (!key || !mine || !service)
        stop("a file is not PEM");
    printf("{\"versions\": \"gSOAP %d.%d.%d\"}\n", GSOAP_VERSION / 100000, GSOAP_VERSION / 1000 % 100, GSOAP_VERSION % 1000);

    struct soap *soap = soap_new1(SOAP_XML_CANONICAL | SOAP_XML_DOM | SOAP_C_UTFSTRING);
    soap_register_plugin(soap, soap_wsse);
    soap->fsslverify = only_the_service;
    soap->connect_timeout = soap->recv_timeout = soap->send_timeout = 60;

    struct _ns1__Ping ping = {0};
    struct _ns1__PingResponse me = {0};
    prepare(soap, "Ping");
    believe(soap, soap_call___ns1__Ping(soap, argv[1], NULL, &ping, &me));
    line("Ping", me.known);

    enum ns1__State available = ns1__State__available;
    struct ns1__Filter filter = {.__sizestate = 1, .state = &available};
    struct _ns1__ListNotifications list = {.filter = &filter, .pageSize = (char *)"2"};
    struct _ns1__ListNotificationsResponse page = {0};
    prepare(soap, "ListNotifications");
    believe(soap, soap_call___ns1__ListNotifications(soap, argv[1], NULL, &list, &page));
    line("ListNotifications", page.__sizenotification == 2 && page.notification[0].state == ns1__State__available);

    struct _ns1__RetrieveDocument document = {
        .id = (char *)"00000000-0000-4000-8000-000000000000", .documentId = (char *)"00000000-0000-4000-8000-000000000000"};
    struct _ns1__RetrieveDocumentResponse none = {0};
    prepare(soap, "RetrieveDocument");
    believe(soap, soap_call___ns1__RetrieveDocument(soap, argv[1], NULL, &document, &none));
    struct SOAP_ENV__Detail *detail = soap->fault ? soap->fault->detail : NULL;
    line("a fault", detail && detail->ns1__GatewayFault && !strcmp(detail->ns1__GatewayFault->code, "NOTIFICATION_UNKNOWN"));

    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return 0;
}
