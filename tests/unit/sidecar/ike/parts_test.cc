#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "sidecar/ike/auth.h"
#include "sidecar/ike/keymat.h"
#include "sidecar/ike/nat.h"
#include "sidecar/ike/timers.h"
#include "sidecar/ike/transitions.h"
#include "sidecar/ike/window.h"
#include "tests/vectors/vector_file.h"

namespace hawser::ike {
namespace {

using namespace std::chrono_literals;

// What both know of a key stream: the vectors are longer than some suites need, and shorter than others.
void expect_same_start(const Bytes& ours, const Bytes& theirs, const std::string& where) {
  const auto size = static_cast<std::ptrdiff_t>(std::min(ours.size(), theirs.size()));
  EXPECT_EQ(Bytes(ours.begin(), ours.begin() + size), Bytes(theirs.begin(), theirs.begin() + size)) << where;
}

sa::IkeSpi ike_spi(const Bytes& octets) { return sa::IkeSpi{load_be64(octets.data())}; }

TEST(Keymat, derives_what_other_implementations_derive) {
  auto context = *crypto::Context::system();
  size_t skeyseeds = 0, ike_keys = 0, child_keys = 0, rekeys = 0;
  for (const auto& v : testing::load_vectors("prf")) {
    const auto* hash = catalog::find_ike_integrity(v.text("row"));
    ASSERT_NE(hash, nullptr) << v.where;
    const sa::IkeSuite suite{catalog::find_ike_encryption("AES256"), hash, catalog::find_group("ECP384")};
    const Bytes ni = v.bytes("ni"), nr = v.bytes("nr"), expected = v.bytes("output");
    KeyInputs inputs{ni, nr, {}, {}};
    if (v.text("kind") == "skeyseed") {
      auto seed = skeyseed(*context, suite, inputs, v.bytes("secret"));
      EXPECT_EQ(to_hex(seed.view()), to_hex(expected)) << v.where;
      ++skeyseeds;
    } else if (v.text("kind") == "rekey") {
      auto seed = rekey_skeyseed(*context, suite, v.bytes("key"), inputs, v.bytes("secret"));
      EXPECT_EQ(to_hex(seed.view()), to_hex(expected)) << v.where;
      ++rekeys;
    } else if (v.text("kind") == "ike_keys") {
      inputs.spi_i = ike_spi(v.bytes("spii"));
      inputs.spi_r = ike_spi(v.bytes("spir"));
      auto keys = derive_ike_keys(*context, suite, v.bytes("key"), inputs);
      Bytes all;
      for (const auto* key :
           {&keys.sk_d, &keys.sk_ai, &keys.sk_ar, &keys.sk_ei, &keys.sk_er, &keys.sk_pi, &keys.sk_pr})
        append(all, key->view());
      EXPECT_EQ(all.size(), 5u * hash->key_size + 64u);
      expect_same_start(all, expected, v.where);
      ++ike_keys;
    } else if (v.text("kind") == "child_keys") {
      for (const auto& encryption : catalog::kEncryption) {
        if (!encryption.esp) continue;
        const sa::ChildSuite child{
            &encryption, encryption.aead() ? nullptr : catalog::find_esp_integrity("SHA256"), nullptr};
        const Bytes secret = v.has("secret") ? v.bytes("secret") : Bytes();
        auto keys = derive_child_keys(*context, suite, v.bytes("key"), child, secret, ni, nr);
        Bytes all;
        for (const auto* way : {&keys.initiator_to_responder, &keys.responder_to_initiator}) {
          EXPECT_EQ(way->encryption.size(), encryption.key_material_size());
          append(all, way->encryption.view());
          append(all, way->integrity.view());
        }
        EXPECT_EQ(all.size(), 2 * child.key_material_size());
        expect_same_start(all, expected, v.where);
      }
      ++child_keys;
    }
  }
  EXPECT_GE(skeyseeds, 5u);
  EXPECT_GE(ike_keys, 5u);
  EXPECT_GE(child_keys, 5u);
  EXPECT_GE(rekeys, 1u);
}

TEST(Auth, is_the_nested_prf_of_rfc_7296) {
  // Values from Python's hmac module.
  auto context = *crypto::Context::system();
  Bytes init(200), nonce(32);
  for (size_t i = 0; i < init.size(); ++i) init[i] = static_cast<uint8_t>(i);
  for (size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<uint8_t>(100 + i);
  const Bytes id{1, 0, 0, 0, 192, 0, 2, 1};
  for (auto [name, expected] :
       {std::pair("SHA384",
                  "ad4b43fe6c1114e5de8382890f2f252cd55c29b418574f4a23df17256c75721cfe55f4ff9dfb8931566098be34"
                  "91c6e1"),
        std::pair("SHA256", "03005e19ed71d224b9b19adb5929997767f52b1014f154e9983dd4e0c59f3b63"),
        std::pair("SHA1", "8c5fdf79f9ed5d2c39f6b5c2600e1531fa7dab9c"),
        std::pair("MD5", "224c00d75c5373df29397b9a0ee9b875")}) {
    const auto* hash = catalog::find_ike_integrity(name);
    const sa::IkeSuite suite{catalog::find_ike_encryption("AES256"), hash, catalog::find_group("ECP384")};
    const Bytes sk_p(hash->key_size, 0x5a);
    auto auth = shared_key_auth(*context, suite, as_bytes("Azs123"), {init, nonce, id, sk_p});
    EXPECT_EQ(to_hex(auth.view()), expected) << name;
  }
}

const SocketAddress kLeft{*IpAddress::parse("192.0.2.1"), 500},
    kRight{*IpAddress::parse("198.51.100.1"), 500}, kNat{*IpAddress::parse("203.0.113.9"), 61234};
const sa::IkeSpi kSpi{0x1122334455667788};

NatFinding find(const SocketAddress& sender, const SocketAddress& sent_to, const SocketAddress& arrived_at,
                const SocketAddress& came_from, bool hide = false) {
  wire::Message message;
  message.header.initiator_spi = kSpi;
  append_nat_detection(message.payloads, kSpi, {}, sender, sent_to, hide);
  return detect_nat(message, arrived_at, came_from);
}

TEST(Nat, hash_covers_spis_address_and_port_in_network_order) {
  EXPECT_EQ(to_hex(nat_detection_hash(kSpi, {}, kLeft)), "77273b31d6ed8389ee69c66f0c7f2037f0a982eb");
}

TEST(Nat, is_found_on_the_side_where_it_is) {
  EXPECT_EQ(find(kLeft, kRight, kRight, kLeft).nat, Nat::None);
  EXPECT_EQ(find(kLeft, kRight, kRight, kNat).nat, Nat::Remote);
  EXPECT_EQ(find(kLeft, kNat, kRight, kLeft).nat, Nat::Local);
  EXPECT_EQ(find(kLeft, kNat, kRight, kNat).nat, Nat::Both);
  EXPECT_TRUE(find(kLeft, kRight, kRight, kLeft).supported);
}

TEST(Nat, a_hidden_source_looks_like_one) {
  EXPECT_EQ(find(kLeft, kRight, kRight, kLeft, true).nat, Nat::Remote);
}

TEST(Nat, a_message_without_both_payloads_does_not_support_it) {
  wire::Message message;
  EXPECT_FALSE(detect_nat(message, kLeft, kRight).supported);
  append_nat_detection(message.payloads, kSpi, {}, kLeft, kRight, false);
  message.payloads.pop_back();
  EXPECT_FALSE(detect_nat(message, kLeft, kRight).supported);
}

TEST(MessageIdWindow, takes_one_request_after_the_other) {
  MessageIdWindow window;
  using enum MessageIdWindow::Verdict;
  EXPECT_EQ(window.judge_request(0), Fresh);
  EXPECT_EQ(window.judge_request(1), Outside);
  EXPECT_EQ(window.judge_request(UINT32_MAX), Outside);
  window.answered({1, 2}, {3, 4});
  EXPECT_EQ(window.judge_request(0), Repeated);
  EXPECT_EQ(window.judge_request(1), Fresh);
  EXPECT_EQ(window.judge_request(2), Outside);
  EXPECT_TRUE(window.same_as_last(Bytes{1, 2}));
  EXPECT_FALSE(window.same_as_last(Bytes{1, 3}));
  EXPECT_EQ(window.last_response(), (Bytes{3, 4}));
  EXPECT_EQ(window.take_request_id(), 0u);
  EXPECT_EQ(window.next_request(), 1u);
}

TEST(TimerTable, gives_each_due_timer_once) {
  TimerTable<SaTimer> timers;
  const TimePoint t0{};
  EXPECT_FALSE(timers.next());
  timers.set(SaTimer::Liveness, t0 + 2s);
  timers.set(SaTimer::Retransmit, t0 + 5s);
  EXPECT_EQ(timers.next(), t0 + 2s);
  EXPECT_FALSE(timers.take_due(t0 + 1s));
  EXPECT_EQ(timers.take_due(t0 + 6s), SaTimer::Retransmit);
  EXPECT_EQ(timers.take_due(t0 + 6s), SaTimer::Liveness);
  EXPECT_FALSE(timers.take_due(t0 + 6s));
}

TEST(Identity, is_told_from_its_text) {
  EXPECT_EQ(Identity::parse("192.0.2.1").type, IdType::Ipv4Addr);
  EXPECT_EQ(Identity::parse("2001:db8::1").type, IdType::Ipv6Addr);
  EXPECT_EQ(Identity::parse("gw@example.com").type, IdType::Rfc822Addr);
  EXPECT_EQ(Identity::parse("gw.example.com").type, IdType::Fqdn);
  for (const char* text : {"192.0.2.1", "2001:db8::1", "gw@example.com", "gw.example.com"})
    EXPECT_EQ(Identity::parse(text).to_string(), text);
  // A peer's octets never reach a terminal as they are.
  EXPECT_EQ((Identity{IdType::Fqdn, {'a', 0x1b, '['}}).to_string(), "0x611b5b");
  EXPECT_EQ((Identity{IdType::Ipv4Addr, {1, 2, 3}}).to_string(), "0x010203");
  // What can be configured is shown in full; a peer may say more.
  EXPECT_EQ((Identity{IdType::Fqdn, Bytes(255, 'a')}).to_string(), std::string(255, 'a'));
  for (size_t size : {256u, 60000u}) {
    const std::string shown = (Identity{IdType::Fqdn, Bytes(size, 'a')}).to_string();
    EXPECT_LT(shown.size(), 270u) << size;
    EXPECT_TRUE(shown.starts_with("0x6161") && shown.ends_with("61…")) << size;
  }
}

// Regenerate with HAWSER_WRITE_GOLDEN=1.
TEST(Transitions, are_those_of_the_golden_matrix) {
  const std::string path = std::string(HAWSER_SOURCE_DIR) + "/tests/unit/sidecar/ike/transitions.golden.txt";
  if (std::getenv("HAWSER_WRITE_GOLDEN") != nullptr) std::ofstream(path) << print_transitions();
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(print_transitions(), golden.str());
}

TEST(Transitions, a_row_is_never_hidden_by_an_earlier_one) {
  const auto rows = transitions();
  for (size_t i = 0; i < rows.size(); ++i) {
    bool known = false;
    EXPECT_EQ(find_transition(rows[i].from, rows[i].exchange, rows[i].response, rows[i].required, &known),
              &rows[i])
        << rows[i].name;
  }
}

}  // namespace
}  // namespace hawser::ike
