#include "operator/kube/cpprest/cpprest_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/operator/kube/cpprest/scripted_server.h"

namespace hawser::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Seen: yes\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

std::unique_ptr<CpprestTransport> connect(const std::string& url, TlsFiles tls = {}) {
  auto transport = CpprestTransport::create(url, std::move(tls));
  EXPECT_TRUE(transport.has_value()) << transport.error().message;
  return std::move(transport).value();
}

TEST(CpprestTransport, SendsMethodPathHeadersAndBody) {
  ScriptedServer server([](const std::string&) { return ok("{}"); });
  auto transport = connect(server.url());
  HttpRequest request{.method = HttpMethod::Patch,
                      .path = "/apis/x?fieldManager=a%20b",
                      .headers = {{"Content-Type", "application/apply-patch+yaml"}, {"X-Trace", "7"}},
                      .body = "a: 1"};
  auto response = transport->send(request);
  ASSERT_TRUE(response.has_value()) << response.error().message;
  ASSERT_EQ(server.requests().size(), 1u);
  const std::string seen = server.requests()[0];
  EXPECT_THAT(seen, StartsWith("PATCH /apis/x?fieldManager=a%20b HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Type:application/apply-patch+yaml\r\n"));
  EXPECT_THAT(seen, HasSubstr("X-Trace:7\r\n"));
  EXPECT_THAT(seen, ::testing::EndsWith("\r\n\r\na: 1"));
}

TEST(CpprestTransport, ReturnsStatusHeadersAndBody) {
  ScriptedServer server([](const std::string&) { return ok("{\"kind\":\"List\"}"); });
  auto response = connect(server.url())->send({.path = "/api"});
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "{\"kind\":\"List\"}");
  EXPECT_EQ(response->headers["x-seen"], "yes");
}

TEST(CpprestTransport, AnErrorStatusIsAValue) {
  ScriptedServer server([](const std::string&) {
    return std::string("HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  });
  auto response = connect(server.url())->send({.method = HttpMethod::Put, .path = "/x", .body = "{}"});
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 409);
  EXPECT_EQ(response->body, "no");
}

TEST(CpprestTransport, ReadsAChunkedBody) {
  ScriptedServer server([](const std::string&) {
    return std::string(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n6\r\n "
        "world\r\n0\r\n\r\n");
  });
  auto response = connect(server.url())->send({.path = "/x"});
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->body, "hello world");
}

TEST(CpprestTransport, ReadsALargeBodyWhole) {
  const std::string large(3 << 20, 'x');
  ScriptedServer server([&](const std::string&) { return ok(large); });
  auto response = connect(server.url())->send({.path = "/x"});
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->body, large);
}

TEST(CpprestTransport, RefusesABodyLargerThanAllowed) {
  ScriptedServer server([](const std::string&) { return ok(std::string(1 << 20, 'x')); });
  auto response = connect(server.url())->send({.path = "/x", .max_response_size = 1000});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code, ErrorCode::InvalidArgument);
  EXPECT_THAT(response.error().message, HasSubstr("larger than the 1000 octets"));
}

TEST(CpprestTransport, GivesUpWhenTheTimeIsOver) {
  ScriptedServer server([](const std::string&) { return std::string(); });
  auto response = connect(server.url())->send({.path = "/slow", .timeout = std::chrono::milliseconds(100)});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code, ErrorCode::Unavailable);
  EXPECT_THAT(response.error().message,
              HasSubstr("GET /slow: " + server.url() + ": no complete answer in time"));
}

TEST(CpprestTransport, ReportsARefusedConnection) {
  uint16_t port;
  {
    port = ScriptedServer([](const std::string&) { return ok(""); }).port();
  }
  const std::string url = "http://127.0.0.1:" + std::to_string(port);
  auto response = connect(url)->send({.path = "/x"});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code, ErrorCode::Unavailable);
  EXPECT_THAT(response.error().message, StartsWith("GET /x: " + url + ": "));
}

TEST(CpprestTransport, ReportsAnAnswerThatIsCutShort) {
  ScriptedServer server(
      [](const std::string&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"); });
  auto response = connect(server.url())->send({.path = "/x"});
  EXPECT_FALSE(response.has_value());
}

TEST(CpprestTransport, DoesNotFollowRedirects) {
  ScriptedServer server([](const std::string&) {
    return std::string(
        "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  auto response = connect(server.url())->send({.path = "/x"});
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(CpprestTransport, RefusesUnusableUrlsAndFiles) {
  EXPECT_FALSE(CpprestTransport::create("ftp://x", {}).has_value());
  EXPECT_FALSE(CpprestTransport::create("http://a b", {}).has_value());
  auto missing = CpprestTransport::create("https://127.0.0.1:1", {.ca = "/no/such/file"});
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(missing.error().message, HasSubstr("/no/such/file"));
}

// Every connection dies under its second request: sends until one has met that.
TEST(CpprestTransport, NeverCreatesTwiceWhenAKeptConnectionDies) {
  ScriptedServer server([](const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") + ScriptedServer::kThenHangUp;
  });
  auto transport = connect(server.url());
  for (int i = 0;; ++i) {
    const std::string path = "/" + std::to_string(i) + "/";
    auto response = transport->send({.method = HttpMethod::Post, .path = path, .body = "{}"});
    ASSERT_EQ(std::ranges::count_if(server.requests(),
                                    [&](const auto& text) { return text.find(path) != text.npos; }),
              1);
    // A connection may be in the pool only a moment after its answer: then the next is on a new one.
    if (response) continue;
    EXPECT_EQ(response.error().code, ErrorCode::Unavailable);
    return;
  }
}

class CpprestTransportTls : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  testing::TestPki pki_{dir_};
  ScriptedServer::Answer answer_ = [](const std::string&) { return ok("secret"); };
};

TEST_F(CpprestTransportTls, TrustsItsOwnAuthorityAndShowsItsCertificate) {
  ScriptedServer::Tls tls{pki_.issue("server", "IP:127.0.0.1"), pki_.ca_file()};
  ScriptedServer server(answer_, &tls);
  auto client = pki_.issue("client", "DNS:operator");
  auto response =
      connect(server.url(), {.ca = pki_.ca_file(), .certificate = client.certificate, .key = client.key})
          ->send({.path = "/x"});
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->body, "secret");
}

TEST_F(CpprestTransportTls, RefusesAnotherAuthority) {
  testing::TestPki other(dir_, "other");
  ScriptedServer::Tls tls{other.issue("server", "IP:127.0.0.1"), ""};
  ScriptedServer server(answer_, &tls);
  auto response = connect(server.url(), {.ca = pki_.ca_file()})->send({.path = "/x"});
  ASSERT_FALSE(response.has_value());
  EXPECT_THAT(response.error().message, HasSubstr("certificate is not trusted: "));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(CpprestTransportTls, RefusesAnotherName) {
  ScriptedServer::Tls tls{pki_.issue("server", "DNS:elsewhere.example"), ""};
  ScriptedServer server(answer_, &tls);
  auto response = connect(server.url(), {.ca = pki_.ca_file()})->send({.path = "/x"});
  ASSERT_FALSE(response.has_value());
  EXPECT_THAT(response.error().message, HasSubstr("mismatch"));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(CpprestTransportTls, TrustsNobodyWithoutAnAuthority) {
  ScriptedServer::Tls tls{pki_.issue("server", "IP:127.0.0.1"), ""};
  ScriptedServer server(answer_, &tls);
  EXPECT_FALSE(connect(server.url())->send({.path = "/x"}).has_value());
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(CpprestTransportTls, TakesPemTextInPlaceOfFiles) {
  ScriptedServer::Tls tls{pki_.issue("server", "IP:127.0.0.1"), pki_.ca_file()};
  ScriptedServer server(answer_, &tls);
  auto client = pki_.issue("client", "DNS:operator");
  const std::string key = testing::read_file(client.key);
  TlsFiles text{.ca = "/no/such/file",
                .ca_pem = testing::read_file(pki_.ca_file()),
                .certificate_pem = testing::read_file(client.certificate),
                .key_pem = SecretBytes(BytesView(reinterpret_cast<const uint8_t*>(key.data()), key.size()))};
  auto response = connect(server.url(), std::move(text))->send({.path = "/x"});
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->body, "secret");
}

TEST_F(CpprestTransportTls, ChecksAndSendsTheNameItIsTold) {
  ScriptedServer::Tls tls{pki_.issue("server", "DNS:kubernetes.default.svc"), ""};
  ScriptedServer server(answer_, &tls);
  auto named = connect(server.url(), {.ca = pki_.ca_file(), .server_name = "kubernetes.default.svc"})
                   ->send({.path = "/"});
  ASSERT_TRUE(named.has_value()) << named.error().message;
  EXPECT_EQ(server.server_name(), "kubernetes.default.svc");
  EXPECT_FALSE(connect(server.url(), {.ca = pki_.ca_file(), .server_name = "other.default.svc"})
                   ->send({.path = "/"})
                   .has_value());
}

TEST_F(CpprestTransportTls, SaysThatItCannotReachAnIpv6Address) {
  auto transport = CpprestTransport::create("https://[2001:db8::1]:6443", {.ca = pki_.ca_file()});
  ASSERT_FALSE(transport.has_value());
  EXPECT_EQ(transport.error().code, ErrorCode::Unsupported);
  EXPECT_THAT(transport.error().message, HasSubstr("give a name that resolves to it"));
}

TEST_F(CpprestTransportTls, ChecksAnIpv6AddressAsTheName) {
  ScriptedServer::Tls tls{pki_.issue("server", "IP:2001:db8::1"), ""};
  ScriptedServer server(answer_, &tls);
  auto response =
      connect(server.url(), {.ca = pki_.ca_file(), .server_name = "2001:db8::1"})->send({.path = "/x"});
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_FALSE(connect(server.url(), {.ca = pki_.ca_file(), .server_name = "2001:db8::2"})
                   ->send({.path = "/x"})
                   .has_value());
}

TEST_F(CpprestTransportTls, SkipsTheCheckOnlyWhenTold) {
  ScriptedServer::Tls tls{pki_.issue("server", "DNS:elsewhere.example"), ""};
  ScriptedServer server(answer_, &tls);
  auto response = connect(server.url(), {.insecure_skip_verify = true})->send({.path = "/x"});
  ASSERT_TRUE(response.has_value()) << response.error().message;
}

TEST_F(CpprestTransportTls, NamesWhatItCannotUse) {
  const testing::CertificateFiles own = pki_.issue("client", "DNS:client");
  const testing::CertificateFiles other = pki_.issue("other", "DNS:other");
  const std::string junk = dir_.write("junk", "not PEM");
  auto refusal = [](TlsFiles tls) {
    auto transport = CpprestTransport::create("https://127.0.0.1:1", std::move(tls));
    if (transport.has_value()) return std::string("taken");
    EXPECT_EQ(transport.error().code, ErrorCode::InvalidArgument);
    return transport.error().message;
  };
  auto pem = [](const char* text) { return SecretBytes(as_bytes(text)); };
  EXPECT_EQ(refusal({.ca_pem = "not PEM"}),
            "the certificate authority (certificate-authority-data) holds no certificate in PEM");
  EXPECT_EQ(refusal({.ca = junk}), "the certificate authority ('" + junk + "') holds no certificate in PEM");
  EXPECT_EQ(refusal({.certificate_pem = "not PEM", .key_pem = pem("not PEM")}),
            "the client certificate (client-certificate-data) holds no certificate in PEM");
  EXPECT_EQ(refusal({.certificate = junk, .key = own.key}),
            "the client certificate ('" + junk + "') holds no certificate in PEM");
  EXPECT_EQ(
      refusal({.certificate = own.certificate, .key_pem = pem("not PEM")}),
      "the client key (client-key-data) is no private key in PEM that belongs to the client certificate");
  EXPECT_EQ(
      refusal({.certificate = own.certificate, .key = other.key}),
      "the client key ('" + other.key + "') is no private key in PEM that belongs to the client certificate");
  EXPECT_EQ(refusal({.certificate = own.certificate}),
            "a client certificate needs its key, and a key its certificate");
  EXPECT_EQ(refusal({.ca = pki_.ca_file(), .certificate = own.certificate, .key = own.key}), "taken");
}

}  // namespace
}  // namespace hawser::kube
