#include <array>
#include <string>

#include "sidecar/wire/message.h"

namespace hawser::wire {
namespace {

struct NotifyName {
  NotifyType type;
  std::string_view name;
};

constexpr auto kNotifyNames = std::to_array<NotifyName>({
    {NotifyType::UnsupportedCriticalPayload, "UNSUPPORTED_CRITICAL_PAYLOAD"},
    {NotifyType::InvalidIkeSpi, "INVALID_IKE_SPI"},
    {NotifyType::InvalidMajorVersion, "INVALID_MAJOR_VERSION"},
    {NotifyType::InvalidSyntax, "INVALID_SYNTAX"},
    {NotifyType::InvalidMessageId, "INVALID_MESSAGE_ID"},
    {NotifyType::InvalidSpi, "INVALID_SPI"},
    {NotifyType::NoProposalChosen, "NO_PROPOSAL_CHOSEN"},
    {NotifyType::InvalidKePayload, "INVALID_KE_PAYLOAD"},
    {NotifyType::AuthenticationFailed, "AUTHENTICATION_FAILED"},
    {NotifyType::SinglePairRequired, "SINGLE_PAIR_REQUIRED"},
    {NotifyType::NoAdditionalSas, "NO_ADDITIONAL_SAS"},
    {NotifyType::InternalAddressFailure, "INTERNAL_ADDRESS_FAILURE"},
    {NotifyType::FailedCpRequired, "FAILED_CP_REQUIRED"},
    {NotifyType::TsUnacceptable, "TS_UNACCEPTABLE"},
    {NotifyType::InvalidSelectors, "INVALID_SELECTORS"},
    {NotifyType::TemporaryFailure, "TEMPORARY_FAILURE"},
    {NotifyType::ChildSaNotFound, "CHILD_SA_NOT_FOUND"},
    {NotifyType::InitialContact, "INITIAL_CONTACT"},
    {NotifyType::SetWindowSize, "SET_WINDOW_SIZE"},
    {NotifyType::AdditionalTsPossible, "ADDITIONAL_TS_POSSIBLE"},
    {NotifyType::NatDetectionSourceIp, "NAT_DETECTION_SOURCE_IP"},
    {NotifyType::NatDetectionDestinationIp, "NAT_DETECTION_DESTINATION_IP"},
    {NotifyType::Cookie, "COOKIE"},
    {NotifyType::UseTransportMode, "USE_TRANSPORT_MODE"},
    {NotifyType::RekeySa, "REKEY_SA"},
    {NotifyType::EspTfcPaddingNotSupported, "ESP_TFC_PADDING_NOT_SUPPORTED"},
    {NotifyType::NonFirstFragmentsAlso, "NON_FIRST_FRAGMENTS_ALSO"},
    {NotifyType::ChildlessIkev2Supported, "CHILDLESS_IKEV2_SUPPORTED"},
    {NotifyType::FragmentationSupported, "IKEV2_FRAGMENTATION_SUPPORTED"},
    {NotifyType::SignatureHashAlgorithms, "SIGNATURE_HASH_ALGORITHMS"},
});

}  // namespace

std::string_view to_string(ExchangeType type) {
  switch (type) {
    case ExchangeType::IkeSaInit:
      return "IKE_SA_INIT";
    case ExchangeType::IkeAuth:
      return "IKE_AUTH";
    case ExchangeType::CreateChildSa:
      return "CREATE_CHILD_SA";
    case ExchangeType::Informational:
      return "INFORMATIONAL";
  }
  return "UNKNOWN";
}

std::string to_string(NotifyType type) {
  for (const auto& row : kNotifyNames)
    if (row.type == type) return std::string(row.name);
  return "NOTIFY_" + std::to_string(static_cast<uint16_t>(type));
}

}  // namespace hawser::wire
