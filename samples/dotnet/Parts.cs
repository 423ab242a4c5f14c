// An answer in parts (MTOM), made whole: the text of each part put back where its xop:Include stands.
//
// That envelope is what the service signed. Nothing of the parts is believed before GatewayClient has verified it.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;

namespace Notigateway.Sample
{
    internal static class Parts
    {
        public const string Accept = "multipart/related; type=\"application/xop+xml\"";

        private const string Xop = "http://www.w3.org/2004/08/xop/include";

        // Each byte a letter, so that what divides the parts can be looked for as text.
        private static readonly Encoding Bytes = Encoding.GetEncoding(28591);

        /// <summary>Tells whether an answer came in parts.</summary>
        public static bool Are(MediaTypeHeaderValue type)
        {
            return type != null && type.MediaType == "multipart/related";
        }

        /// <summary>Returns the envelope, whole; throws NotVerified where a part is missing or one too many.</summary>
        public static string MadeWhole(byte[] body, MediaTypeHeaderValue type)
        {
            Dictionary<string, string> parts = Divide(Bytes.GetString(body), Parameter(type, "boundary"));
            string start = Parameter(type, "start").Trim('<', '>');
            var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
            document.LoadXml(Encoding.UTF8.GetString(Bytes.GetBytes(Take(parts, start))));
            foreach (XmlElement include in document.GetElementsByTagName("Include", Xop).Cast<XmlElement>().ToList())
            {
                string name = Uri.UnescapeDataString(include.GetAttribute("href").Substring("cid:".Length));
                include.ParentNode.InnerText = Convert.ToBase64String(Bytes.GetBytes(Take(parts, name)));
            }
            if (parts.Count != 0)
            {
                throw new NotVerified("nothing points to a part of this answer");
            }
            return document.OuterXml;
        }

        private static Dictionary<string, string> Divide(string body, string boundary)
        {
            var parts = new Dictionary<string, string>();
            string[] pieces = ("\r\n" + body).Split(new[] { "\r\n--" + boundary }, StringSplitOptions.None);
            if (pieces[pieces.Length - 1] != "--\r\n")
            {
                throw new NotVerified("this answer does not end");
            }
            foreach (string piece in pieces.Skip(1).Take(pieces.Length - 2))
            {
                int end = piece.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                Match name = Regex.Match(piece.Substring(0, Math.Max(end, 0)), "\r\nContent-ID: *<([^>]+)>", RegexOptions.IgnoreCase);
                if (!name.Success || parts.ContainsKey(name.Groups[1].Value))
                {
                    throw new NotVerified("a part of this answer has no name of its own");
                }
                parts.Add(name.Groups[1].Value, piece.Substring(end + 4));
            }
            return parts;
        }

        private static string Take(Dictionary<string, string> parts, string name)
        {
            string found;
            if (!parts.TryGetValue(name, out found))
            {
                throw new NotVerified("a part of this answer is missing");
            }
            parts.Remove(name);
            return found;
        }

        private static string Parameter(MediaTypeHeaderValue type, string name)
        {
            return type.Parameters.Single(one => one.Name == name).Value.Trim('"');
        }
    }
}
