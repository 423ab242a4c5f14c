// A client of the gateway for .NET: every request signed, every answer verified. Copy it.
//
// .NET (Core and later) has no WS-Security with X.509 messages; SignedXml does the cryptography, and this file
// builds the envelope in the form that WCF sends: Timestamp, BinarySecurityToken, Signature, in this order.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net.Http;
using System.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Threading.Tasks;
using System.Xml;
using System.Xml.Linq;

namespace Notigateway.Sample
{
    /// <summary>A fault of the gateway: Code for programs, Detail with textEs, textEn, retryable, correlationId.</summary>
    public sealed class GatewayFault : Exception
    {
        public GatewayFault(XElement detail)
            : base(detail.Element(GatewayClient.Ng + "code").Value + ": " + detail.Element(GatewayClient.Ng + "textEn").Value)
        {
            Detail = detail;
        }

        public XElement Detail { get; private set; }

        public string Code
        {
            get { return Detail.Element(GatewayClient.Ng + "code").Value; }
        }
    }

    /// <summary>What the service has not signed as the answer to this request: nothing in it may be believed.</summary>
    public sealed class NotVerified : Exception
    {
        public NotVerified(string message) : base(message)
        {
        }
    }

    public sealed class GatewayClient
    {
        public static readonly XNamespace Ng = "urn:notigateway:v1";

        private const string Soap = "http://schemas.xmlsoap.org/soap/envelope/";
        private const string Wss = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-";
        private const string Wsse = Wss + "wssecurity-secext-1.0.xsd";
        private const string Wsu = Wss + "wssecurity-utility-1.0.xsd";
        private const string Wsa = "http://www.w3.org/2005/08/addressing";
        private const string X509V3 = Wss + "x509-token-profile-1.0#X509v3";
        private const string Base64 = Wss + "soap-message-security-1.0#Base64Binary";
        private const string RsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
        private const string Sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";

        private static readonly HttpClient Http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };

        private readonly Uri _url;
        private readonly X509Certificate2 _me;
        private readonly X509Certificate2 _service;
        private readonly string _fingerprint;

        /// <summary>`me` holds your private key; `service` is the service's pinned certificate.</summary>
        public GatewayClient(Uri url, X509Certificate2 me, X509Certificate2 service)
        {
            _url = url;
            _me = me;
            _service = service;
            using (SHA256 hash = SHA256.Create())
            {
                _fingerprint = BitConverter.ToString(hash.ComputeHash(me.RawData)).Replace("-", "").ToLowerInvariant();
            }
        }

        /// <summary>Whether documents are asked for in parts beside the answer (MTOM).</summary>
        public bool InParts { get; set; }

        /// <summary>Calls an operation; returns its answer, or throws GatewayFault or NotVerified.</summary>
        public async Task<XElement> Call(string operation, params object[] content)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, _url);
            string action = "urn:notigateway:v1:" + operation;
            // New for each request. It ends with our certificate's hash, so nobody else is answered under it.
            string messageId = "urn:uuid:" + Guid.NewGuid() + "#" + _fingerprint;
            string envelope = Sign(new XElement(Ng + operation, content), action, messageId);
            request.Content = new StringContent(envelope, Encoding.UTF8, "text/xml");
            request.Headers.Add("SOAPAction", "\"" + action + "\"");
            if (InParts)
            {
                request.Headers.TryAddWithoutValidation("Accept", Parts.Accept);
            }
            using (HttpResponseMessage response = await Http.SendAsync(request))
            {
                string received = Parts.Are(response.Content.Headers.ContentType)
                    ? Parts.MadeWhole(await response.Content.ReadAsByteArrayAsync(), response.Content.Headers.ContentType)
                    : await response.Content.ReadAsStringAsync();
                XmlElement body = Verify(received, messageId);
                XElement answer = XElement.Parse(Elements(body).Single().OuterXml);
                if (answer.Name == XNamespace.Get(Soap) + "Fault")
                {
                    throw new GatewayFault(answer.Element("detail").Elements().Single());
                }
                return answer;
            }
        }

        // --- the request ----------------------------------------------------------------------------

        private string Sign(XElement operation, string action, string messageId)
        {
            DateTime now = DateTime.UtcNow;
            string mark = Guid.NewGuid().ToString();
            // White space is signed too: the envelope is one line, and it is sent as it was signed.
            string unsigned = string.Format(
                CultureInfo.InvariantCulture,
                "<s:Envelope xmlns:s=\"{0}\" xmlns:u=\"{1}\"><s:Header><o:Security s:mustUnderstand=\"1\" xmlns:o=\"{2}\">"
                + "<u:Timestamp u:Id=\"_0-{3}\"><u:Created>{4}</u:Created><u:Expires>{5}</u:Expires></u:Timestamp>"
                + "<o:BinarySecurityToken u:Id=\"uuid-{3}-1\" ValueType=\"{6}\" EncodingType=\"{7}\">{8}</o:BinarySecurityToken>"
                + "</o:Security><a:To xmlns:a=\"{10}\" u:Id=\"_2-{3}\">{11}</a:To>"
                + "<a:Action xmlns:a=\"{10}\" u:Id=\"_3-{3}\">{12}</a:Action>"
                + "<a:MessageID xmlns:a=\"{10}\" u:Id=\"_4-{3}\">{13}</a:MessageID>"
                + "</s:Header><s:Body u:Id=\"_1-{3}\">{9}</s:Body></s:Envelope>",
                Soap, Wsu, Wsse, mark, Instant(now), Instant(now.AddMinutes(5)), X509V3, Base64,
                Convert.ToBase64String(_me.RawData), operation.ToString(SaveOptions.DisableFormatting),
                Wsa, SecurityElement.Escape(_url.OriginalString), action, messageId);
            XmlDocument document = Parse(unsigned);

            var signed = new SignedEnvelope(document) { SigningKey = _me.GetRSAPrivateKey() };
            signed.SignedInfo.CanonicalizationMethod = SignedXml.XmlDsigExcC14NTransformUrl;
            signed.SignedInfo.SignatureMethod = RsaSha256;
            foreach (int number in Enumerable.Range(0, 5))
            {
                var reference = new Reference("#_" + number + "-" + mark) { DigestMethod = Sha256 };
                reference.AddTransform(new XmlDsigExcC14NTransform());
                signed.AddReference(reference);
            }
            XmlDocument tokenReference = Parse(
                "<o:SecurityTokenReference xmlns:o=\"" + Wsse + "\"><o:Reference URI=\"#uuid-" + mark
                + "-1\" ValueType=\"" + X509V3 + "\"/></o:SecurityTokenReference>");
            signed.KeyInfo.AddClause(new KeyInfoNode(tokenReference.DocumentElement));
            signed.ComputeSignature();

            XmlElement security = Only(Only(document.DocumentElement, Soap, "Header"), Wsse, "Security");
            security.AppendChild(document.ImportNode(signed.GetXml(), true));
            return document.OuterXml;
        }

        private static string Instant(DateTime at)
        {
            return at.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        }

        // --- the answer -----------------------------------------------------------------------------

        /// <summary>Returns the Body that the pinned certificate signed just now, as the answer to that message.</summary>
        private XmlElement Verify(string answer, string messageId)
        {
            XmlDocument document;
            try
            {
                document = Parse(answer);
            }
            catch (XmlException)
            {
                throw new NotVerified("this answer is no XML");
            }
            XmlElement header = Only(document.DocumentElement, Soap, "Header");
            XmlElement body = Only(document.DocumentElement, Soap, "Body");
            XmlElement security = Only(header, Wsse, "Security");
            XmlElement timestamp = Only(security, Wsu, "Timestamp");

            var signed = new SignedEnvelope(document);
            signed.LoadXml(Only(security, SignedXml.XmlDsigNamespaceUrl, "Signature"));
            List<Reference> references = signed.SignedInfo.References.Cast<Reference>().ToList();
            bool expected = signed.SignedInfo.SignatureMethod == RsaSha256
                && signed.SignedInfo.CanonicalizationMethod == SignedXml.XmlDsigExcC14NTransformUrl
                && references.All(one => one.DigestMethod == Sha256 && one.TransformChain.Count == 1
                    && one.TransformChain[0] is XmlDsigExcC14NTransform);
            if (!expected || !signed.CheckSignature(_service.GetRSAPublicKey()))
            {
                throw new NotVerified("this answer is not signed by the service");
            }
            // SignedXml proves what the references name: see that it is what will be read.
            List<XmlElement> related = All(header, Wsa, "RelatesTo");
            foreach (XmlElement part in new[] { body, timestamp }.Concat(related))
            {
                string uri = "#" + part.GetAttribute("Id", Wsu);
                if (references.All(one => one.Uri != uri) || signed.GetIdElement(document, uri.Substring(1)) != part)
                {
                    throw new NotVerified(part.LocalName + " is not signed");
                }
            }
            string expires = Only(timestamp, Wsu, "Expires").InnerText;
            if (DateTime.Parse(expires, CultureInfo.InvariantCulture).ToUniversalTime() < DateTime.UtcNow)
            {
                throw new NotVerified("this answer is old");
            }
            // The service signs answers to others too.
            XmlElement fault = All(body, Soap, "Fault").SingleOrDefault();
            if (related.Count == 0 && fault != null)
            {
                throw new NotVerified("this fault is not proven to be about this request: " + fault["faultstring"].InnerText);
            }
            if (related.Count != 1 || related[0].InnerText.Trim() != messageId)
            {
                throw new NotVerified("this is the answer to another request");
            }
            return body;
        }

        private static XmlDocument Parse(string text)
        {
            var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
            document.LoadXml(text);
            return document;
        }

        private static IEnumerable<XmlElement> Elements(XmlNode parent)
        {
            return parent.ChildNodes.OfType<XmlElement>();
        }

        private static List<XmlElement> All(XmlElement parent, string space, string name)
        {
            return Elements(parent).Where(one => one.NamespaceURI == space && one.LocalName == name).ToList();
        }

        private static XmlElement Only(XmlElement parent, string space, string name)
        {
            List<XmlElement> found = All(parent, space, name);
            if (found.Count != 1)
            {
                throw new NotVerified(found.Count + " elements " + name + " instead of one");
            }
            return found[0];
        }

        /// <summary>SignedXml that finds wsu:Id, and refuses one that occurs twice.</summary>
        private sealed class SignedEnvelope : SignedXml
        {
            public SignedEnvelope(XmlDocument document) : base(document)
            {
            }

            public override XmlElement GetIdElement(XmlDocument document, string id)
            {
                List<XmlElement> found = document.SelectNodes("//*[@*[local-name()='Id']]").OfType<XmlElement>()
                    .Where(one => one.GetAttribute("Id", Wsu) == id || one.GetAttribute("Id") == id).ToList();
                return found.Count == 1 ? found[0] : null;
            }
        }
    }
}
