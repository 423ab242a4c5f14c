# frozen_string_literal: true

# A client of the gateway with Ruby and nokogiri: every request signed, every answer verified and bound to its request. Copy it.
#
#   gateway = Gateway.new(url, 'me.key.pem', 'me.cert.pem', 'service.cert.pem')
#   page = gateway.call('ListNotifications', filter: { state: ['available'] }, pageSize: 2)
#   page.all('notification').map { |one| one['id'] }
#
# Elements of a request stand in the order of the schema. An answer is read by the names of its elements: `['id']` is the text
# of the one that there is, `all` gives each of many. Gateway::Fault is raised where the service refuses, Gateway::NotVerified
# where something is not proven to be the service's answer to this request.

require 'net/http'
require 'nokogiri'
require 'openssl'
require 'securerandom'
require 'time'
require 'uri'

class Gateway
  CONTRACT = 'urn:notigateway:v1'
  WSS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-'
  NS = {
    'soap' => 'http://schemas.xmlsoap.org/soap/envelope/',
    'wsa' => 'http://www.w3.org/2005/08/addressing',
    'ds' => 'http://www.w3.org/2000/09/xmldsig#',
    'wsse' => "#{WSS}wssecurity-secext-1.0.xsd",
    'wsu' => "#{WSS}wssecurity-utility-1.0.xsd",
    'ec' => 'http://www.w3.org/2001/10/xml-exc-c14n#',
    'ng' => CONTRACT
  }.freeze
  X509V3 = "#{WSS}x509-token-profile-1.0#X509v3"
  BASE64 = "#{WSS}soap-message-security-1.0#Base64Binary"
  SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
  RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
  SECONDS = 60

  # Something is not proven to be the service's answer to the request.
  class NotVerified < StandardError
  end

  # The service refuses this request.
  class Fault < StandardError
    attr_reader :code, :detail

    def initialize(detail)
      super("#{detail['code']}: #{detail['textEn']} (correlation id #{detail['correlationId']})")
      @code = detail['code']
      @detail = detail
    end
  end

  # An element of a verified answer.
  class Part
    def initialize(element)
      @element = element
    end

    def [](name)
      all(name).first&.text
    end

    def at(name)
      all(name).first
    end

    def all(name)
      @element.xpath("*[local-name() = '#{name}' and namespace-uri() = '#{CONTRACT}']").map { |one| Part.new(one) }
    end

    def text
      @element.text
    end
  end

  def initialize(url, key_file, certificate_file, service_file, passphrase: nil)
    @url = URI(url)
    @key = OpenSSL::PKey.read(File.read(key_file), passphrase)
    certificate = OpenSSL::X509::Certificate.new(File.read(certificate_file)).to_der
    @token = [certificate].pack('m0')
    @name = OpenSSL::Digest::SHA256.hexdigest(certificate)
    @service = OpenSSL::X509::Certificate.new(File.read(service_file)).public_key
  end

  # Sign a request anew, send it, and return its answer once that is proven.
  def call(operation, **elements)
    # With the signer's name at its end nobody else is answered under this MessageID, which is no secret.
    message_id = "urn:uuid:#{SecureRandom.uuid}##{@name}"
    answer = Net::HTTP.start(@url.host, @url.port, use_ssl: @url.scheme == 'https', read_timeout: SECONDS) do |http|
      headers = { 'Content-Type' => 'text/xml; charset=utf-8', 'SOAPAction' => "\"#{CONTRACT}:#{operation}\"" }
      http.post(@url.request_uri, sign(operation, message_id, elements), headers)
    end
    content = verify(answer.body, message_id)
    unless named?(content, CONTRACT, "#{operation}Response")
      raise NotVerified, "this answers #{content.name}"
    end

    Part.new(content)
  end

  private

  # --- the request -----------------------------------------------------------------------------------

  def sign(operation, message_id, elements)
    ids = Hash.new { |made, name| made[name] = "#{name}-#{SecureRandom.uuid}" }
    document = envelope(operation, message_id, elements, ids).doc
    signature = find(document, '//ds:Signature')
    signed_info = find(signature, 'ds:SignedInfo')
    { 'Body' => '/*/soap:Body', 'TS' => '//wsu:Timestamp', 'ID' => '//wsa:MessageID', 'Action' => '//wsa:Action' }
      .each do |name, place|
        value = signed_info.at_xpath("ds:Reference[@URI = '##{ids[name]}']/ds:DigestValue", NS)
        value.content = digest(find(document, place))
      end
    find(signature, 'ds:SignatureValue').content = [@key.sign('SHA256', canonical(signed_info))].pack('m0')
    # Not indented: what was signed must not change.
    document.to_xml(save_with: Nokogiri::XML::Node::SaveOptions::AS_XML)
  end

  def envelope(operation, message_id, elements, ids)
    namespaces = NS.slice('soap', 'wsa', 'wsse', 'wsu', 'ds').transform_keys { |prefix| "xmlns:#{prefix}" }
    Nokogiri::XML::Builder.new(encoding: 'UTF-8') do |xml|
      xml['soap'].Envelope(namespaces) do
        xml['soap'].Header do
          xml['wsse'].Security('soap:mustUnderstand' => '1') { security(xml, ids) }
          xml['wsa'].MessageID(message_id, 'wsu:Id' => ids['ID'])
          xml['wsa'].Action("#{CONTRACT}:#{operation}", 'wsu:Id' => ids['Action'])
        end
        xml['soap'].Body('wsu:Id' => ids['Body']) do
          xml.send(operation, xmlns: CONTRACT) { content(xml, elements) }
        end
      end
    end
  end

  def content(xml, elements)
    elements.each do |name, value|
      [value].flatten(1).each do |one|
        # The underscore keeps names like `id` and `text` apart from methods of the builder.
        one.is_a?(Hash) ? xml.send("#{name}_") { content(xml, one) } : xml.send("#{name}_", one.to_s)
      end
    end
  end

  def security(xml, ids)
    now = Time.now.utc
    xml['wsu'].Timestamp('wsu:Id' => ids['TS']) do
      xml['wsu'].Created(now.iso8601(3))
      xml['wsu'].Expires((now + 300).iso8601(3))
    end
    xml['wsse'].BinarySecurityToken(@token, 'wsu:Id' => ids['X509'], 'ValueType' => X509V3, 'EncodingType' => BASE64)
    xml['ds'].Signature do
      xml['ds'].SignedInfo { signed_info(xml, ids) }
      xml['ds'].SignatureValue
      xml['ds'].KeyInfo do
        xml['wsse'].SecurityTokenReference do
          xml['wsse'].Reference('URI' => "##{ids['X509']}", 'ValueType' => X509V3)
        end
      end
    end
  end

  def signed_info(xml, ids)
    xml['ds'].CanonicalizationMethod('Algorithm' => NS['ec'])
    xml['ds'].SignatureMethod('Algorithm' => RSA_SHA256)
    %w[Body TS ID Action].each do |name|
      xml['ds'].Reference('URI' => "##{ids[name]}") do
        xml['ds'].Transforms { xml['ds'].Transform('Algorithm' => NS['ec']) }
        xml['ds'].DigestMethod('Algorithm' => SHA256)
        xml['ds'].DigestValue
      end
    end
  end

  def find(parent, path)
    parent.at_xpath(path, NS)
  end

  def canonical(element, inclusive = nil)
    element.canonicalize(Nokogiri::XML::XML_C14N_EXCLUSIVE_1_0, inclusive, false)
  end

  def digest(element, inclusive = nil)
    [OpenSSL::Digest::SHA256.digest(canonical(element, inclusive))].pack('m0')
  end

  # --- the answer ------------------------------------------------------------------------------------

  # Return what the Body holds, or raise: the pinned key signed it, it is fresh, and it answers this request.
  def verify(answer, message_id)
    document = parse(answer)
    header = only(document.root, 'soap', 'Header')
    body = only(document.root, 'soap', 'Body')
    security = only(header, 'wsse', 'Security')
    timestamp = only(security, 'wsu', 'Timestamp')
    signed_info = verify_value(only(security, 'ds', 'Signature'))
    relates = children(header, 'wsa', 'RelatesTo')
    addressing = relates + children(header, 'wsa', 'Action') + children(header, 'wsa', 'MessageID')
    verify_digests([body, timestamp, *addressing], children(signed_info, 'ds', 'Reference'))
    raise NotVerified, 'this answer is old' if Time.parse(only(timestamp, 'wsu', 'Expires').text) < Time.now

    content = body.elements
    raise NotVerified, "#{content.size} elements in the Body instead of one" unless content.size == 1

    bound = relates.size == 1 && relates.first.text.strip == message_id
    read(content.first, bound: bound, named: !relates.empty?)
  end

  def read(content, bound:, named:)
    fault = named?(content, NS['soap'], 'Fault')
    raise NotVerified, 'this answers another request' unless bound || (fault && !named)
    return content unless fault

    detail = content.at_xpath('detail/ng:GatewayFault', NS)
    raise NotVerified, "a fault without detail: #{content.text.strip}" if detail.nil?

    fault = Fault.new(Part.new(detail))
    # A refused signature proves no MessageID: this may say why the request was refused, or come from elsewhere.
    raise NotVerified, "a fault that names no request: #{fault.message}" unless bound

    raise fault
  end

  def parse(answer)
    document = Nokogiri::XML(answer) { |config| config.strict.nonet }
    raise NotVerified, 'a DOCTYPE' if document.internal_subset
    raise NotVerified, 'this is no envelope' unless named?(document.root, NS['soap'], 'Envelope')

    document
  rescue Nokogiri::XML::SyntaxError => e
    raise NotVerified, "this answer is no XML: #{e.message}"
  end

  def verify_value(signature)
    signed_info = only(signature, 'ds', 'SignedInfo')
    algorithm(signed_info, 'CanonicalizationMethod', NS['ec'])
    algorithm(signed_info, 'SignatureMethod', RSA_SHA256)
    value = only(signature, 'ds', 'SignatureValue').text.unpack1('m')
    return signed_info if @service.verify('SHA256', value, canonical(signed_info))

    raise NotVerified, 'this answer is not signed by the service'
  end

  # The elements themselves are digested, not whatever has their Id: nothing can be moved aside. Each reference has its part:
  # one that was taken out of the message leaves its reference behind.
  def verify_digests(parts, references)
    raise NotVerified, 'not the signed parts that an answer has' unless parts.size == references.size

    parts.each do |part|
      id = part.attribute_with_ns('Id', NS['wsu'])&.value
      reference = references.find { |one| id && one['URI'] == "##{id}" }
      raise NotVerified, "#{part.name} is not signed" if reference.nil?

      algorithm(reference, 'DigestMethod', SHA256)
      transform = algorithm(only(reference, 'ds', 'Transforms'), 'Transform', NS['ec'])
      inclusive = children(transform, 'ec', 'InclusiveNamespaces').first&.[]('PrefixList')&.split
      next if only(reference, 'ds', 'DigestValue').text.strip == digest(part, inclusive)

      raise NotVerified, "the digest of #{part.name} differs"
    end
  end

  def algorithm(parent, name, wanted)
    element = only(parent, 'ds', name)
    raise NotVerified, "#{name} is not #{wanted}" unless element['Algorithm'] == wanted

    element
  end

  def only(parent, prefix, name)
    found = children(parent, prefix, name)
    raise NotVerified, "#{found.size} elements #{name} instead of one" unless found.size == 1

    found.first
  end

  def children(parent, prefix, name)
    parent.elements.select { |one| named?(one, NS[prefix], name) }
  end

  def named?(element, namespace, name)
    element.name == name && element.namespace&.href == namespace
  end
end
