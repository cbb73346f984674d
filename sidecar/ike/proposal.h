#pragma once

#include <string>
#include <variant>

#include "common/base/result.h"
#include "sidecar/sa/suite.h"
#include "sidecar/wire/message.h"

// Offers and the choice among them (RFC 7296 2.7, 3.3). One exact suite is offered, accepted and answered.
// Pure.
namespace hawser::ike {

// Whether a Child SA's proposal carries a key exchange: that of IKE_AUTH never does (RFC 7296 1.2).
enum class ChildExchange : uint8_t { IkeAuth, CreateChildSa };

// `spi` is empty in IKE_SA_INIT and has 8 octets in a rekey.
wire::Proposal make_ike_proposal(const sa::IkeSuite& suite, Bytes spi);
wire::Proposal make_esp_proposal(const sa::ChildSuite& suite, sa::Spi spi, ChildExchange exchange);

// The first attribute in which the peer's nearest proposal differs from ours, by Azure's names and values.
struct Mismatch {
  std::string
      attribute;  // "ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption" …; empty: not one of them
  std::string ours;
  std::string theirs;  // several as a comma list, at most 16 and then "…"
};
// What to answer: the peer's proposal number and our suite's transforms. `answer.spi` still is the peer's.
struct Chosen {
  wire::Proposal answer;
};
using Choice = std::variant<Chosen, Mismatch>;

// As responder. `spi_size` is 0 or 8.
Choice choose_ike(const wire::SaPayload& offer, const sa::IkeSuite& suite, size_t spi_size);
Choice choose_esp(const wire::SaPayload& offer, const sa::ChildSuite& suite, ChildExchange exchange);

// As initiator: the reply must be one proposal, number 1, exactly our suite (RFC 7296 3.3.6). Gives the
// peer's SPI.
Result<Bytes> verify_ike_reply(const wire::SaPayload& reply, const sa::IkeSuite& suite, size_t spi_size);
Result<sa::Spi> verify_esp_reply(const wire::SaPayload& reply, const sa::ChildSuite& suite,
                                 ChildExchange exchange);

// Azure's name of a group as pfsGroup and as dhGroup; "GROUP_15" when the catalogue has none.
std::string dh_group_name(uint16_t id);
std::string pfs_group_name(uint16_t id);
// "AES256/SHA384/ECP384": a whole suite in a word.
std::string describe(const sa::IkeSuite& suite);
std::string describe(const sa::ChildSuite& suite);

}  // namespace hawser::ike
