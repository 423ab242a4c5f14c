// Calls every operation of the contract and one that fails; prints a line of JSON for each.
// Accepting and rejecting have a legal effect: run it against a sandbox.
//
//     dotnet run -- URL company.p12 attorney.p12 passphrase.txt service.cert.pem [mtom]
//
// The company's key is its representative's; with mtom documents come in parts beside answers.

using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using System.Xml.Linq;

namespace Notigateway.Sample
{
    public static class EveryOperation
    {
        private static readonly XNamespace Ng = GatewayClient.Ng;

        public static int Main(string[] arguments)
        {
            try
            {
                Run(arguments).GetAwaiter().GetResult();
                return 0;
            }
            catch (TooFewException error)
            {
                Console.Error.WriteLine(error.Message);
                return 1;
            }
            catch (Exception error)
            {
                Console.Error.WriteLine(error);
                return 1;
            }
        }

        private sealed class TooFewException : Exception
        {
            public TooFewException(string message) : base(message) { }
        }

        private static async Task Run(string[] arguments)
        {
            Type mono = Type.GetType("Mono.Runtime");
            object runtime = mono == null
                ? ".NET " + Environment.Version
                : "Mono " + mono.GetMethod("GetDisplayName", BindingFlags.NonPublic | BindingFlags.Static).Invoke(null, null);
            Console.WriteLine("{{\"versions\": \"SignedXml of {0}\"}}", runtime.ToString().Split('(')[0].Trim());
            var url = new Uri(arguments[0]);
            string passphrase = File.ReadAllText(arguments[3]).Trim();
            var service = new X509Certificate2(arguments[4]);
            var company = new GatewayClient(url, new X509Certificate2(arguments[1], passphrase), service)
            {
                InParts = arguments.Skip(5).Contains("mtom"),
            };
            var attorney = new GatewayClient(url, new X509Certificate2(arguments[2], passphrase), service);

            await Show(company, "Ping", one => Text(one, "known") == "true");
            XElement page = await Show(company, "ListNotifications",
                one => one.Elements(Ng + "notification").Count(each => Text(each, "state") == "available") == 2,
                E("filter", E("state", "available")), E("pageSize", 2));
            if (page.Elements(Ng + "notification").Count() < 2)
                throw new TooFewException("fewer than two available notifications are left: take a fresh sandbox");
            string first = Text(page.Elements(Ng + "notification").First(), "id");
            string second = Text(page.Elements(Ng + "notification").Last(), "id");
            string cursor = Text(await company.Call("ListChanges", E("fromNow", true)), "nextCursor");

            await Decide(company, first, second);
            await Show(company, "ListChanges",
                one => one.Elements(Ng + "change").Any(each => Text(each, "state") == "accepted" && Deep(each, "id") == first),
                E("cursor", cursor));
            await Show(company, "GetSummary", one => (int)one.Element(Ng + "total") >= 2);
            await Show(company, "GetHistory",
                one => one.Elements(Ng + "event").Any(each => Text(each, "decisive") == "true" && Text(each, "state") == "accepted"),
                E("id", first));
            await Show(company, "MarkNotifications",
                one => one.Descendants(Ng + "label").Any(each => Text(each, "label") == "visto"),
                E("id", first), E("downloaded", "true"), E("addLabel", "visto"));
            // A witness keeps the head, and asks the next time for the proof from its size to the new one's.
            await Show(company, "GetLogHead", one => (Text(one, "head") ?? new string('-', 101)).Length > 100);
            await Show(company, "ProveConsistency",
                one => Text(one, "newSize") == "0" && !one.Elements(Ng + "hash").Any(),
                E("oldSize", "0"), E("newSize", "0"));
            await Represent(company, attorney);
            await Show(company, "GetDeliveryChannel", one => Text(one, "obliged") != null);
            await Show(company, "SetDeliveryChannel", one => Text(one, "channel") == "electronic", E("channel", "electronic"));
            await Show(company, "SetReceivingAlone", one => Text(one, "receivingAlone") == "false", E("receivingAlone", "false"));
            await Show(company, "SetContacts", one => Text(one, "address") == "avisos@example.org", E("address", "avisos@example.org"));
            await Show(company, "GetContacts", one => Text(one, "address") == "avisos@example.org");
            XElement made = await Show(company, "Subscribe", one => Deep(one, "kind") == "webhook",
                E("kind", "webhook"), E("url", "https://127.0.0.1:9443/hook"));
            XElement subscription = E("subscriptionId", Deep(made, "subscriptionId"));
            await Show(company, "ListSubscriptions",
                one => one.Descendants(Ng + "subscriptionId").Any(each => each.Value == subscription.Value));
            await Show(company, "ListDeadDeliveries", one => !one.Elements(Ng + "delivery").Any(), subscription);
            await Show(company, "ReplayDeliveries", one => Text(one, "replayed") == "0", subscription);
            await Show(company, "Unsubscribe", one => Deep(one, "ended") == "unsubscribed", subscription);
            await Fail(company);
        }

        private static async Task Decide(GatewayClient company, string first, string second)
        {
            await Show(company, "AcceptNotifications",
                one => Deep(one, "outcome") == "decided" && Hash(Deep(one, "xml")) == Deep(one, "sha256"), E("id", first));
            await Show(company, "RejectNotifications", one => Deep(one, "outcome") == "decided",
                E("id", second), E("reason", "No procede: <ver> & archivar"));
            await Show(company, "RetrieveReceipts", one => one.Elements(Ng + "item").Count(each => each.Element(Ng + "receipt") != null) == 2,
                E("id", first), E("id", second));
            XElement both = await Show(company, "RetrieveNotifications",
                one => Deep(one.Elements(Ng + "item").Last(), "code") != null && one.Descendants(Ng + "problem").Count() == 1
                    && one.Descendants(Ng + "document").All(each => Hash(Text(each, "content")) == Text(each, "sha256")),
                E("id", first), E("id", second));
            XElement document = both.Descendants(Ng + "document").First();
            await Show(company, "RetrieveDocument", one => Hash(Text(one, "content")) == Text(document, "sha256"),
                E("id", first), E("documentId", Text(document, "documentId")));
        }

        private static async Task Represent(GatewayClient company, GatewayClient attorney)
        {
            XElement titles = await Show(company, "ListRepresentations",
                one => Text(one.Element(Ng + "representation"), "role") == "own");
            XElement assignment = E("assignmentId", Deep(titles.Elements(Ng + "redAssignment").Last(), "assignmentId"));
            await Show(company, "UnassignRed", one => Deep(one, "endsAt") != null, assignment);
            await Show(company, "ReassignRed", one => Deep(one, "endsAt") == null, assignment);

            await Show(company, "ListMatters", one => one.Descendants(Ng + "code").Any(each => each.Value == "9900101"));
            XElement other = (await attorney.Call("Ping")).Element(Ng + "party");
            Func<int, object[]> terms = days => new object[]
            {
                E("attorney", Text(other, "identifier")), E("attorneyName", Text(other, "name")), E("scope", "procedure"),
                E("value", "9900101"), E("specialCategory", false), E("expiresAt", InDays(days)),
            };
            XElement granted = await Show(company, "GrantPower", one => Deep(one, "powerId") != null, terms(365));
            XElement power = E("powerId", Deep(granted, "powerId"));
            await Show(attorney, "AcceptPower", one => Deep(one, "acceptedAt") != null, power);
            await Show(company, "ExtendPower", one => Deep(one, "expiresAt").CompareTo(InDays(700)) > 0, power, E("expiresAt", InDays(730)));
            await Show(company, "ListPowers", one => one.Descendants(Ng + "powerId").Any(each => each.Value == power.Value),
                E("pageSize", 1000));
            XElement user = await Show(company, "GrantUser", one => Deep(one, "userId") != null,
                E("person", "00000014Z"), E("personName", "Celia Prueba"), E("allClients", true), E("mayDecide", false));
            XElement userId = E("userId", Deep(user, "userId"));
            await Show(company, "ListUsers", one => one.Descendants(Ng + "userId").Any(each => each.Value == userId.Value));
            await Show(company, "EndUser", one => Deep(one, "endsAt") != null, userId);
            await Show(company, "CertifyPower", one => Hash(Deep(one, "xml")) == Deep(one, "sha256"), power);
            await Show(company, "RevokePower", one => Deep(one, "endedAt") != null, power);
            XElement again = E("powerId", Deep(await company.Call("GrantPower", terms(366)), "powerId"));
            await attorney.Call("AcceptPower", again);
            await Show(attorney, "RenouncePower", one => Deep(one, "endedAt") != null, again);

            XElement me = (await company.Call("Ping")).Element(Ng + "party");
            XElement entrusted = E("powerId", Deep(await attorney.Call("GrantPower", E("attorney", Text(me, "identifier")),
                E("attorneyName", Text(me, "name")), E("scope", "general"), E("expiresAt", InDays(365))), "powerId"));
            await Show(company, "MakeResponsibleStatement", one => Deep(one, "state") == "pending", entrusted,
                E("statutesAllowRepresentation", true));
            await company.Call("RenouncePower", entrusted);
        }

        private static async Task Fail(GatewayClient company)
        {
            string unknown = Guid.NewGuid().ToString();
            try
            {
                await company.Call("RetrieveDocument", E("id", unknown), E("documentId", unknown));
                Line("a fault", false);
            }
            catch (GatewayFault fault)
            {
                Line("a fault", fault.Code == "NOTIFICATION_UNKNOWN");
            }
        }

        private static async Task<XElement> Show(
            GatewayClient client, string operation, Func<XElement, bool> check, params object[] content)
        {
            XElement answer = await client.Call(operation, content);
            Line(operation, check(answer));
            return answer;
        }

        // An answer that is not verified throws: what comes back was verified.
        private static void Line(string operation, bool ok)
        {
            Console.WriteLine("{{\"operation\": \"{0}\", \"ok\": {1}, \"verified\": true}}", operation, ok ? "true" : "false");
        }

        private static XElement E(string name, object content)
        {
            return new XElement(Ng + name, content);
        }

        private static string Text(XElement parent, string name)
        {
            return (string)parent.Element(Ng + name);
        }

        private static string Deep(XElement parent, string name)
        {
            return (string)parent.Descendants(Ng + name).FirstOrDefault();
        }

        private static string Hash(string base64)
        {
            using (SHA256 sha = SHA256.Create())
            {
                byte[] hash = sha.ComputeHash(Convert.FromBase64String(base64));
                return BitConverter.ToString(hash).Replace("-", "").ToLowerInvariant();
            }
        }

        private static string InDays(int days)
        {
            return DateTime.UtcNow.AddDays(days).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        }
    }
}
