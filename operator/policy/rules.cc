#include "operator/policy/rules.h"

namespace hawser::policy {
namespace {

using enum Severity;
using catalog::Reason;

// clang-format off
constexpr RuleRow kRules[] = {
    {"FMT-1", Refuse, Reason::InvalidSpec, check_prefix_format,
     "a prefix is a CIDR with host bits zero",
     cel::kPrefixFormat},
    {"FMT-2", Refuse, Reason::InvalidSpec, check_address_format,
     "an outer address is a unicast address", cel::kAddressFormat},
    {"FMT-3", Refuse, Reason::InvalidSpec, check_list_sizes,
     "addressPrefixes has 1..64 entries, subnets 0..64", cel::kListSizes},
    {"FMT-4", Refuse, Reason::InvalidSpec, check_subnet_names,
     "subnets have different names of 1..80 characters", cel::kSubnetNames},
    {"FMT-5", Refuse, Reason::InvalidSpec, check_dpd_timeout,
     "dpdTimeoutSeconds is 9..3600", cel::kDpdTimeout},
    {"FMT-6", Refuse, Reason::InvalidSpec, check_identities,
     "an identity is 1..255 characters 0x21-0x7E", cel::kIdentities},
    {"FMT-7", Refuse, Reason::InvalidSpec, check_address_families,
     "publicIPAddress and gatewayIpAddress are different addresses of one IP version", {}},
    {"FMT-8", Refuse, Reason::InvalidSpec, check_names,
     "references, keys and labels have the form that Kubernetes gives them", cel::kNames},

    {"POL-1", Refuse, Reason::InvalidSpec, check_algorithms_present,
     "all six algorithms are present",
     {}},
    {"POL-2", Refuse, Reason::InvalidSpec, check_algorithm_values,
     "each algorithm is one that Azure Stack knows", {}},
    {"POL-3", Refuse, Reason::InvalidSpec, check_seed_misprints,
     "dhGroup None and GCMASE256, which Azure's table lists, mean nothing", cel::kSeedMisprints},
    {"POL-4", Refuse, Reason::InvalidSpec, check_gcm_pair,
     "GCMAES on either ESP field: both are the same",
     cel::kGcmPair},
    {"POL-5", Refuse, Reason::InvalidSpec, check_lifetimes,
     "saLifeTimeSeconds is 300..172799, saDataSizeKilobytes 1024..2147483647",
     cel::kLifetimes},
    {"POL-6", Warn, Reason::WeakAlgorithms, check_weak_algorithms,
     "weak algorithms are accepted as Azure Stack does, and named", {}},

    {"CON-1", Refuse, Reason::PolicyNotAllowedOnSku, check_policy_on_basic,
     "SKU Basic takes no custom policy", {}},
    {"CON-2", Refuse, Reason::InvalidSpec, check_supported_connection,
     "route-based IKEv2 IPsec connections only",
     cel::kSupportedConnection},
    {"CON-3", Refuse, Reason::InvalidSharedKey, check_shared_key,
     "a shared key is 1..128 characters 0x21-0x7E", {}},
    {"CON-4", Refuse, Reason::DuplicateConnection, check_one_connection_per_pair,
     "one connection for a pair of gateways", {}},

    {"VNG-1", Refuse, Reason::InvalidSpec, check_gateway_subnet,
     "the network has a subnet GatewaySubnet of /29 or larger", {}},
    {"VNG-1", Warn, Reason::InvalidSpec, check_small_gateway_subnet,
     "GatewaySubnet should be /28 or larger", {}},
    {"VNG-2", Refuse, Reason::DuplicateGateway, check_one_gateway_per_network,
     "one gateway for a virtual network", {}},
    {"VNG-3", Warn, Reason::InvalidSpec, check_connection_count,
     "no more connections than Azure allows for the SKU", {}},
    {"NET-1", Refuse, Reason::InvalidSpec, check_subnets,
     "subnets lie inside the network's prefixes and do not overlap", cel::kSubnets},
    {"LNG-1", Refuse, Reason::PrefixOverlap, check_site_prefixes_apart,
     "a site's prefixes do not overlap each other", cel::kSitePrefixesApart},
    {"LNG-1", Refuse, Reason::PrefixOverlap, check_prefixes_apart,
     "a site's prefixes do not overlap the virtual network or another site of the gateway", {}},
    {"LNG-1", Warn, Reason::PrefixOverlap, check_gateway_address_outside,
     "gatewayIpAddress does not lie in the site's prefixes", {}},
    {"LNG-2", Refuse, Reason::DuplicateGatewayAddress, check_one_site_per_address,
     "one local network gateway for a gatewayIpAddress", {}},
};
// clang-format on

}  // namespace

std::span<const RuleRow> rules() { return kRules; }

}  // namespace hawser::policy
