#include "sidecar/ike/proposal.h"

#include <algorithm>

namespace hawser::ike {
namespace {

using wire::Proposal;
using wire::Transform;
using wire::TransformType;

constexpr uint16_t kNone = 0;   // INTEG NONE, KE NONE
constexpr uint16_t kNoEsn = 0;  // RFC 7296 3.3.2: No Extended Sequence Numbers
// A request may offer thousands of values, and nobody has proved who sent it: so many are shown.
constexpr size_t kShownValues = 16;

// One transform of our suite, and the policy field it comes from.
struct Want {
  std::string_view attribute;
  Transform transform;
  bool may_be_absent = false;  // NONE, and leaving the type out, mean the same (RFC 7296 3.3)
};
using Wants = std::vector<Want>;

Transform encryption_transform(const catalog::EncryptionRow& row) {
  Transform out{TransformType::Encryption, row.transform_id, std::nullopt, false};
  if (row.has_key_length_attribute) out.key_bits = row.key_bits;
  return out;
}
Transform transform(TransformType type, uint16_t id) { return {type, id, std::nullopt, false}; }

Wants wants_of(const sa::IkeSuite& suite) {
  const bool aead = suite.encryption->aead();
  Wants out;
  out.push_back({"ikeEncryption", encryption_transform(*suite.encryption)});
  out.push_back(
      {"ikeIntegrity", transform(TransformType::Integrity, aead ? kNone : suite.integrity->integ_id), aead});
  out.push_back({"ikeIntegrity", transform(TransformType::Prf, suite.integrity->prf_id)});
  out.push_back({"dhGroup", transform(TransformType::KeyExchange, suite.group->id)});
  return out;
}

Wants wants_of(const sa::ChildSuite& suite, ChildExchange exchange) {
  const bool aead = suite.integrity == nullptr;
  Wants out;
  out.push_back({"ipsecEncryption", encryption_transform(*suite.encryption)});
  out.push_back({"ipsecIntegrity",
                 transform(TransformType::Integrity, aead ? kNone : suite.integrity->integ_id), aead});
  if (exchange == ChildExchange::CreateChildSa)
    out.push_back(
        {"pfsGroup", transform(TransformType::KeyExchange, suite.pfs ? suite.pfs->id : kNone), !suite.pfs});
  out.push_back({"", transform(TransformType::Esn, kNoEsn)});
  return out;
}

bool offers_type(const Proposal& proposal, TransformType type) {
  return std::ranges::any_of(proposal.transforms, [&](const auto& t) { return t.type == type; });
}

bool meets(const Proposal& proposal, const Want& want) {
  if (!offers_type(proposal, want.transform.type)) return want.may_be_absent;
  return std::ranges::find(proposal.transforms, want.transform) != proposal.transforms.end();
}

// How many of `wants` the proposal meets before the first that it does not.
size_t score(const Proposal& proposal, const Wants& wants) {
  auto it = std::ranges::find_if_not(wants, [&](const auto& w) { return meets(proposal, w); });
  return static_cast<size_t>(it - wants.begin());
}

// A type we do not know makes the proposal unusable, an id we do not know only that transform (RFC
// 7296 3.3.6).
bool only_known_types(const Proposal& proposal) {
  return std::ranges::all_of(proposal.transforms, [](const auto& t) {
    return t.type >= TransformType::Encryption && t.type <= TransformType::Esn;
  });
}

std::string encryption_name(const Transform& t) {
  if (const auto* row = catalog::find_encryption(t.id, t.key_bits.value_or(0))) return std::string(row->name);
  std::string out = "ENCR_" + std::to_string(t.id);
  return t.key_bits ? out + "_" + std::to_string(*t.key_bits) : out;
}

std::string integrity_name(const Transform& t) {
  if (t.id == kNone) return "None";
  if (const auto* row = catalog::find_integrity(t.id)) return std::string(row->name);
  return "INTEG_" + std::to_string(t.id);
}

std::string prf_name(const Transform& t) {
  if (const auto* row = catalog::find_prf(t.id)) return "PRF " + std::string(row->name);
  return "PRF_" + std::to_string(t.id);
}

std::string value_name(const Want& want, const Transform& t) {
  switch (t.type) {
    case TransformType::Encryption:
      return encryption_name(t);
    case TransformType::Integrity:
      return integrity_name(t);
    case TransformType::Prf:
      return prf_name(t);
    case TransformType::KeyExchange:
      return want.attribute == "pfsGroup" ? pfs_group_name(t.id) : dh_group_name(t.id);
    case TransformType::Esn:
      return t.id == kNoEsn ? "no ESN" : "ESN";
  }
  return "";
}

// Different values in the order they came: as many as are shown, and whether there are more.
class Values {
 public:
  bool full() const { return more_; }
  void add(std::string value) {
    if (std::ranges::find(shown_, value) != shown_.end()) return;
    more_ = shown_.size() == kShownValues;
    if (!more_) shown_.push_back(std::move(value));
  }
  std::string text() const {
    std::string out;
    for (const auto& value : shown_) out += (out.empty() ? "" : ",") + value;
    return more_ ? out + ",…" : out;
  }

 private:
  std::vector<std::string> shown_;
  bool more_ = false;
};

// Of a proposal without integrity: as Azure writes it, the integrity of an AEAD is the cipher's own name.
void add_absent(Values& out, const Want& want, const Proposal& proposal) {
  if (want.transform.type != TransformType::Integrity) return out.add("None");
  for (const auto& t : proposal.transforms)
    if (t.type == TransformType::Encryption && !out.full()) out.add(encryption_name(t));
}

std::string our_value(const Want& want, const Wants& wants) {
  if (want.transform.type == TransformType::Integrity && want.may_be_absent)
    return encryption_name(wants.front().transform);
  return value_name(want, want.transform);
}

Mismatch explain(const std::vector<const Proposal*>& nearest, const Wants& wants, size_t reached) {
  const Want& want = wants[reached];
  Values values;
  for (const auto* proposal : nearest) {
    if (!offers_type(*proposal, want.transform.type)) add_absent(values, want, *proposal);
    for (const auto& t : proposal->transforms)
      if (t.type == want.transform.type && !values.full()) values.add(value_name(want, t));
  }
  return {std::string(want.attribute), our_value(want, wants), values.text()};
}

Proposal answer_to(const Proposal& proposal, const Wants& wants) {
  Proposal out;
  out.number = proposal.number;
  out.protocol = proposal.protocol;
  out.spi = proposal.spi;
  // Every type of the offer is in the answer, NONE included (RFC 7296 3.3.6).
  for (const auto& want : wants)
    if (offers_type(proposal, want.transform.type)) out.transforms.push_back(want.transform);
  return out;
}

bool usable_spi(const Proposal& proposal, size_t size) {
  if (proposal.spi.size() != size) return false;
  if (size == 8) return load_be64(proposal.spi.data()) != 0;
  if (size == 4) return load_be32(proposal.spi.data()) > 255;  // RFC 4303 2.1
  return true;
}

Choice choose(const wire::SaPayload& offer, wire::ProtocolId protocol, size_t spi_size, const Wants& wants) {
  std::vector<const Proposal*> nearest;
  size_t best = 0;
  for (const auto& proposal : offer.proposals) {
    if (proposal.protocol != protocol || !usable_spi(proposal, spi_size) || !only_known_types(proposal))
      continue;
    const size_t reached = score(proposal, wants);
    if (reached == wants.size()) return Chosen{answer_to(proposal, wants)};
    if (reached > best) nearest.clear();
    best = std::max(best, reached);
    if (reached == best) nearest.push_back(&proposal);
  }
  if (nearest.empty()) return Mismatch{};
  return explain(nearest, wants, best);
}

Result<Bytes> verify(const wire::SaPayload& reply, wire::ProtocolId protocol, size_t spi_size,
                     const Wants& wants) {
  const Error refused{ErrorCode::InvalidArgument, "the peer's answer is not the proposal that was offered"};
  if (reply.proposals.size() != 1) return refused;
  const Proposal& proposal = reply.proposals.front();
  if (proposal.number != 1 || proposal.protocol != protocol || !usable_spi(proposal, spi_size))
    return refused;
  for (const auto& t : proposal.transforms) {
    auto wanted = [&](const Want& want) { return want.transform == t; };
    if (std::ranges::count_if(wants, wanted) != 1 || std::ranges::count(proposal.transforms, t) != 1)
      return refused;
  }
  if (score(proposal, wants) != wants.size()) return refused;
  return proposal.spi;
}

}  // namespace

wire::Proposal make_ike_proposal(const sa::IkeSuite& suite, Bytes spi) {
  Proposal out;
  out.protocol = wire::ProtocolId::Ike;
  out.spi = std::move(spi);
  for (const auto& want : wants_of(suite))
    if (!want.may_be_absent) out.transforms.push_back(want.transform);
  return out;
}

wire::Proposal make_esp_proposal(const sa::ChildSuite& suite, sa::Spi spi, ChildExchange exchange) {
  Proposal out;
  out.protocol = wire::ProtocolId::Esp;
  out.spi.resize(4);
  store_be32(out.spi.data(), spi.value);
  for (const auto& want : wants_of(suite, exchange))
    if (!want.may_be_absent) out.transforms.push_back(want.transform);
  return out;
}

Choice choose_ike(const wire::SaPayload& offer, const sa::IkeSuite& suite, size_t spi_size) {
  return choose(offer, wire::ProtocolId::Ike, spi_size, wants_of(suite));
}

Choice choose_esp(const wire::SaPayload& offer, const sa::ChildSuite& suite, ChildExchange exchange) {
  return choose(offer, wire::ProtocolId::Esp, 4, wants_of(suite, exchange));
}

Result<Bytes> verify_ike_reply(const wire::SaPayload& reply, const sa::IkeSuite& suite, size_t spi_size) {
  return verify(reply, wire::ProtocolId::Ike, spi_size, wants_of(suite));
}

Result<sa::Spi> verify_esp_reply(const wire::SaPayload& reply, const sa::ChildSuite& suite,
                                 ChildExchange exchange) {
  ASSIGN_OR_RETURN(Bytes spi, verify(reply, wire::ProtocolId::Esp, 4, wants_of(suite, exchange)));
  return sa::Spi{load_be32(spi.data())};
}

std::string dh_group_name(uint16_t id) {
  if (id == kNone) return "None";
  if (const auto* row = catalog::find_group(id)) return std::string(row->name);
  return "GROUP_" + std::to_string(id);
}

std::string pfs_group_name(uint16_t id) {
  if (id == kNone) return "None";
  if (const auto* row = catalog::find_group(id)) return std::string(row->pfs_name);
  return "GROUP_" + std::to_string(id);
}

std::string describe(const sa::IkeSuite& suite) {
  return std::string(suite.encryption->name) + "/" + std::string(suite.integrity->name) + "/" +
         std::string(suite.group->name);
}

std::string describe(const sa::ChildSuite& suite) {
  return std::string(suite.encryption->name) + "/" + std::string(suite.integrity_name()) + "/" +
         std::string(suite.pfs_name());
}

}  // namespace hawser::ike
