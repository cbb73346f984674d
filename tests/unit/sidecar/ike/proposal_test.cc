#include "sidecar/ike/proposal.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hawser::ike {
namespace {

using wire::Proposal;
using wire::ProtocolId;
using wire::Transform;
using wire::TransformType;

sa::IkeSuite ike(std::string_view e, std::string_view i, std::string_view g) {
  return {catalog::find_ike_encryption(e), catalog::find_ike_integrity(i), catalog::find_group(g)};
}
sa::ChildSuite esp(std::string_view e, std::string_view i, std::string_view p) {
  return {catalog::find_esp_encryption(e), catalog::find_esp_integrity(i), catalog::find_pfs_group(p)};
}
wire::SaPayload offer(std::initializer_list<Proposal> proposals) { return {proposals}; }
Transform t(TransformType type, uint16_t id, std::optional<uint16_t> bits = std::nullopt) {
  return {type, id, bits, false};
}
const Mismatch& mismatch(const Choice& choice) { return std::get<Mismatch>(choice); }

constexpr auto kExchange = ChildExchange::CreateChildSa;
const sa::Spi kSpi{0x01020304};

TEST(Proposal, an_offer_of_a_suite_is_accepted_by_the_same_suite_only) {
  std::vector<sa::IkeSuite> suites;
  for (const auto& e : catalog::kEncryption)
    for (const auto& i : catalog::kIntegrity)
      for (const auto& g : catalog::kGroup)
        if (e.ike && i.ike) suites.push_back({&e, &i, &g});
  ASSERT_EQ(suites.size(), 120u);
  for (const auto& a : suites)
    for (const auto& b : suites) {
      auto choice = choose_ike(offer({make_ike_proposal(a, {})}), b, 0);
      ASSERT_EQ(std::holds_alternative<Chosen>(choice), a == b) << describe(a) << " " << describe(b);
    }
}

TEST(Proposal, an_offer_of_a_child_suite_is_accepted_by_the_same_suite_only) {
  std::vector<sa::ChildSuite> suites;
  for (const auto& e : catalog::kEncryption)
    for (const auto& i : catalog::kIntegrity)
      for (size_t g = 0; g <= catalog::kGroup.size(); ++g) {
        if (!e.esp || !i.esp || (e.aead() && &i != &catalog::kIntegrity[1])) continue;
        suites.push_back({&e, e.aead() ? nullptr : &i, g == 0 ? nullptr : &catalog::kGroup[g - 1]});
      }
  ASSERT_EQ(suites.size(), 147u);
  for (const auto& a : suites)
    for (const auto& b : suites) {
      auto choice = choose_esp(offer({make_esp_proposal(a, kSpi, kExchange)}), b, kExchange);
      ASSERT_EQ(std::holds_alternative<Chosen>(choice), a == b) << describe(a) << " " << describe(b);
      auto first =
          choose_esp(offer({make_esp_proposal(a, kSpi, ChildExchange::IkeAuth)}), b, ChildExchange::IkeAuth);
      ASSERT_EQ(std::holds_alternative<Chosen>(first),
                a.encryption == b.encryption && a.integrity == b.integrity);
    }
}

TEST(Proposal, the_first_attribute_that_differs_is_named_with_both_values) {
  struct Case {
    sa::IkeSuite theirs;
    const char *attribute, *ours, *peer;
  };
  const auto ours = ike("AES256", "SHA384", "ECP384");
  for (const auto& c : {Case{ike("AES128", "SHA1", "DHGroup2"), "ikeEncryption", "AES256", "AES128"},
                        Case{ike("AES256", "SHA1", "DHGroup2"), "ikeIntegrity", "SHA384", "SHA1"},
                        Case{ike("AES256", "SHA384", "DHGroup2"), "dhGroup", "ECP384", "DHGroup2"}}) {
    auto found = mismatch(choose_ike(offer({make_ike_proposal(c.theirs, {})}), ours, 0));
    EXPECT_EQ(found.attribute, c.attribute);
    EXPECT_EQ(found.ours, c.ours);
    EXPECT_EQ(found.theirs, c.peer);
  }
}

TEST(Proposal, of_several_the_nearest_one_explains) {
  auto far = make_ike_proposal(ike("DES3", "SHA1", "DHGroup2"), {});
  auto near = make_ike_proposal(ike("AES256", "SHA384", "DHGroup14"), {});
  near.transforms.push_back(t(TransformType::KeyExchange, 31));
  auto found = mismatch(choose_ike(offer({far, near}), ike("AES256", "SHA384", "ECP384"), 0));
  EXPECT_EQ(found.attribute, "dhGroup");
  EXPECT_EQ(found.theirs, "DHGroup14,GROUP_31");
}

TEST(Proposal, what_the_catalogue_does_not_know_is_shown_by_number) {
  auto chacha = make_ike_proposal(ike("AES256", "SHA384", "ECP384"), {});
  chacha.transforms[0] = t(TransformType::Encryption, 28);
  auto camellia = chacha;
  camellia.transforms[0] = t(TransformType::Encryption, 23, 256);
  auto found = mismatch(choose_ike(offer({chacha, camellia}), ike("AES256", "SHA384", "ECP384"), 0));
  EXPECT_EQ(found.attribute, "ikeEncryption");
  EXPECT_EQ(found.theirs, "ENCR_28,ENCR_23_256");
}

TEST(Proposal, of_many_values_the_first_sixteen_are_shown) {
  auto suite = ike("AES256", "SHA384", "ECP384");
  auto many = make_ike_proposal(suite, {});
  std::erase_if(many.transforms, [](const auto& x) { return x.type == TransformType::Encryption; });
  for (uint16_t id = 100; id < 116; ++id)
    for (int twice = 0; twice < 2; ++twice) many.transforms.push_back(t(TransformType::Encryption, id));
  auto found = mismatch(choose_ike(offer({many, many}), suite, 0));
  EXPECT_EQ(std::ranges::count(found.theirs, ','), 15);
  EXPECT_TRUE(found.theirs.starts_with("ENCR_100,ENCR_101,"));
  EXPECT_TRUE(found.theirs.ends_with(",ENCR_115"));
  many.transforms.push_back(t(TransformType::Encryption, 116));
  found = mismatch(choose_ike(offer({many}), suite, 0));
  EXPECT_TRUE(found.theirs.ends_with(",ENCR_115,…"));
}

TEST(Proposal, an_aead_is_offered_without_integrity_and_accepted_with_none) {
  auto suite = esp("GCMAES256", "", "None");
  auto proposal = make_esp_proposal(suite, kSpi, kExchange);
  for (const auto& transform : proposal.transforms) EXPECT_NE(transform.type, TransformType::Integrity);
  proposal.transforms.push_back(t(TransformType::Integrity, 0));
  auto choice = choose_esp(offer({proposal}), suite, kExchange);
  ASSERT_TRUE(std::holds_alternative<Chosen>(choice));
  // Every type of the offer is in the answer (RFC 7296 3.3.6).
  const auto& answer = std::get<Chosen>(choice).answer;
  EXPECT_NE(std::ranges::find(answer.transforms, t(TransformType::Integrity, 0)), answer.transforms.end());
}

TEST(Proposal, the_integrity_of_an_aead_shows_as_its_own_name) {
  auto found =
      mismatch(choose_esp(offer({make_esp_proposal(esp("AES256", "SHA256", "None"), kSpi, kExchange)}),
                          esp("GCMAES256", "", "None"), kExchange));
  EXPECT_EQ(found.attribute, "ipsecEncryption");
  EXPECT_EQ(found.ours, "GCMAES256");
  EXPECT_EQ(found.theirs, "AES256");
}

TEST(Proposal, pfs_against_none_is_a_difference_in_pfs_group) {
  auto with = esp("AES256", "SHA256", "PFS2048"), without = esp("AES256", "SHA256", "None");
  auto found = mismatch(choose_esp(offer({make_esp_proposal(with, kSpi, kExchange)}), without, kExchange));
  EXPECT_EQ(found.attribute, "pfsGroup");
  EXPECT_EQ(found.ours, "None");
  EXPECT_EQ(found.theirs, "PFS2048");
  found = mismatch(choose_esp(offer({make_esp_proposal(without, kSpi, kExchange)}), with, kExchange));
  EXPECT_EQ(found.ours, "PFS2048");
  EXPECT_EQ(found.theirs, "None");
}

TEST(Proposal, none_beside_groups_is_chosen_without_pfs) {
  auto suite = esp("AES256", "SHA256", "None");
  auto proposal = make_esp_proposal(esp("AES256", "SHA256", "PFS2048"), kSpi, kExchange);
  proposal.transforms.push_back(t(TransformType::KeyExchange, 0));
  EXPECT_TRUE(std::holds_alternative<Chosen>(choose_esp(offer({proposal}), suite, kExchange)));
}

TEST(Proposal, only_no_esn_is_agreed_on) {
  auto suite = esp("AES256", "SHA256", "None");
  auto both = make_esp_proposal(suite, kSpi, kExchange);
  both.transforms.insert(both.transforms.begin(), t(TransformType::Esn, 1));
  auto choice = choose_esp(offer({both}), suite, kExchange);
  ASSERT_TRUE(std::holds_alternative<Chosen>(choice));
  const auto& answer = std::get<Chosen>(choice).answer.transforms;
  EXPECT_EQ(std::ranges::count(answer, t(TransformType::Esn, 0)), 1);
  EXPECT_EQ(std::ranges::count(answer, t(TransformType::Esn, 1)), 0);
  std::erase(both.transforms, t(TransformType::Esn, 0));
  EXPECT_TRUE(std::holds_alternative<Mismatch>(choose_esp(offer({both}), suite, kExchange)));
}

TEST(Proposal, an_unusable_proposal_is_skipped_and_the_next_one_counts) {
  auto suite = ike("AES256", "SHA384", "ECP384");
  auto good = make_ike_proposal(suite, {});
  good.number = 2;
  auto unknown_type = make_ike_proposal(suite, {});
  unknown_type.transforms.push_back(t(static_cast<TransformType>(9), 1));
  auto no_key_exchange = make_ike_proposal(suite, {});
  std::erase_if(no_key_exchange.transforms,
                [](const auto& x) { return x.type == TransformType::KeyExchange; });
  auto odd_attribute = make_ike_proposal(suite, {});
  odd_attribute.transforms[0].unknown_attribute = true;
  auto no_key_length = make_ike_proposal(suite, {});
  no_key_length.transforms[0].key_bits.reset();
  auto with_spi = make_ike_proposal(suite, {1, 2, 3, 4, 5, 6, 7, 8});
  auto esp_protocol = make_ike_proposal(suite, {});
  esp_protocol.protocol = ProtocolId::Esp;
  for (const auto& bad :
       {unknown_type, no_key_exchange, odd_attribute, no_key_length, with_spi, esp_protocol}) {
    EXPECT_TRUE(std::holds_alternative<Mismatch>(choose_ike(offer({bad}), suite, 0)));
    auto choice = choose_ike(offer({bad, good}), suite, 0);
    ASSERT_TRUE(std::holds_alternative<Chosen>(choice));
    EXPECT_EQ(std::get<Chosen>(choice).answer.number, 2);
  }
}

TEST(Proposal, reserved_and_zero_spis_are_refused) {
  auto suite = esp("AES256", "SHA256", "None");
  for (uint32_t spi : {0u, 1u, 255u})
    EXPECT_TRUE(std::holds_alternative<Mismatch>(
        choose_esp(offer({make_esp_proposal(suite, sa::Spi{spi}, kExchange)}), suite, kExchange)));
  auto ike_suite = ike("AES256", "SHA384", "ECP384");
  EXPECT_TRUE(std::holds_alternative<Mismatch>(
      choose_ike(offer({make_ike_proposal(ike_suite, Bytes(8))}), ike_suite, 8)));
}

TEST(Proposal, a_reply_is_exactly_one_of_ours) {
  auto suite = ike("AES256", "SHA384", "ECP384");
  auto good = make_ike_proposal(suite, {});
  EXPECT_TRUE(verify_ike_reply(offer({good}), suite, 0));
  EXPECT_FALSE(verify_ike_reply(offer({}), suite, 0));
  EXPECT_FALSE(verify_ike_reply(offer({good, good}), suite, 0));
  auto number = good;
  number.number = 2;
  EXPECT_FALSE(verify_ike_reply(offer({number}), suite, 0));
  auto twice = good;
  twice.transforms.push_back(good.transforms[0]);
  EXPECT_FALSE(verify_ike_reply(offer({twice}), suite, 0));
  auto more = good;
  more.transforms.push_back(t(TransformType::KeyExchange, 14));
  EXPECT_FALSE(verify_ike_reply(offer({more}), suite, 0));
  for (size_t i = 0; i < good.transforms.size(); ++i) {
    auto less = good;
    less.transforms.erase(less.transforms.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(verify_ike_reply(offer({less}), suite, 0)) << i;
  }
  EXPECT_FALSE(verify_ike_reply(offer({make_ike_proposal(ike("AES128", "SHA384", "ECP384"), {})}), suite, 0));
}

}  // namespace
}  // namespace hawser::ike
