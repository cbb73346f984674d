#pragma once

#include "operator/store/status_file.h"

namespace hawser::store {

inline api::ObjectKey connection_key(const std::string& name) {
  return {api::Kind::Connection, "default", name};
}

inline api::Status full_status() {
  api::Status status;
  status.observed_generation = 3;
  status.conditions.push_back({catalog::ConditionType::Accepted, api::ConditionStatus::False,
                               catalog::Reason::InvalidSpec, "line one: \"quoted\" # no comment\nline two", 3,
                               "2026-11-23T19:53:59Z"});
  status.conditions.push_back({catalog::ConditionType::Established, api::ConditionStatus::True,
                               catalog::Reason::Established, "", 2, "2026-11-23T19:53:58Z"});
  status.connection_status = "Connected";
  status.effective_policy = api::EffectivePolicy{"IpsecPolicy", "123",    "AES128", "SHA1", "DHGroup14",
                                                 "AES256",      "SHA256", "None",   14400,  102400000};
  api::Negotiated negotiated;
  negotiated.ike = {"AES128",
                    "SHA1",
                    "SHA1",
                    "DHGroup14",
                    "1234567890123456",
                    "0000000000000001",
                    "initiator",
                    "2026-11-23T19:53:58Z"};
  negotiated.child = {"AES256", "SHA256", "None", "00000012", "1e5", "2026-11-23T19:53:58Z"};
  negotiated.local_endpoint = "192.0.2.10:4500";
  negotiated.remote_endpoint = "[2001:db8::1]:4500";
  negotiated.nat = "None";
  negotiated.encapsulation = "UDP";
  negotiated.data_plane = "UserSpace";
  negotiated.interface = "hwsabcdefghij";
  status.negotiated = negotiated;
  status.last_failure = api::LastFailure{"IkeProposalMismatch",
                                         "2026-11-23T19:50:00Z",
                                         "responder",
                                         "IKE_SA_INIT",
                                         "ikeEncryption",
                                         "AES128",
                                         "true",
                                         "NO_PROPOSAL_CHOSEN",
                                         "spec.ikeEncryption",
                                         "null"};
  status.node = "0x10";
  return status;
}

}  // namespace hawser::store
