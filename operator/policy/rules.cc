#include "operator/policy/rules.h"

namespace hawser::policy {
namespace {

using enum Severity;
using catalog::Reason;

// clang-format off
constexpr RuleRow kRules[] = {
    {"FMT-1", Refuse, Reason::InvalidSpec, check_prefix_format,
     "a prefix is a CIDR with host bits zero",
     "self.addressPrefixes.all(p, isCIDR(p) && cidr(p) == cidr(p).masked())"},
    {"FMT-2", Refuse, Reason::InvalidSpec, check_address_format,
     "an outer address is a unicast address", "isIP(self.gatewayIpAddress)"},
    {"FMT-3", Refuse, Reason::InvalidSpec, check_list_sizes,
     "addressPrefixes has 1..64 entries, subnets 0..64", "self.addressPrefixes.size() >= 1 && self.addressPrefixes.size() <= 64"},
    {"FMT-4", Refuse, Reason::InvalidSpec, check_subnet_names,
     "subnets have different names", "self.subnets.all(a, self.subnets.exists_one(b, b.name == a.name))"},
    {"FMT-5", Refuse, Reason::InvalidSpec, check_dpd_timeout,
     "dpdTimeoutSeconds is 9..3600", "self.dpdTimeoutSeconds >= 9 && self.dpdTimeoutSeconds <= 3600"},
    {"FMT-6", Refuse, Reason::InvalidSpec, check_identities,
     "an identity is 1..255 characters 0x21-0x7E", "self.localIdentity.matches('^[!-~]{1,255}$')"},
    {"FMT-7", Refuse, Reason::InvalidSpec, check_address_families,
     "publicIPAddress and gatewayIpAddress are different addresses of one IP version", ""},

    {"POL-1", Refuse, Reason::InvalidSpec, check_algorithms_present,
     "all six algorithms are present",
     "has(self.ikeEncryption) && has(self.ikeIntegrity) && has(self.dhGroup) && has(self.ipsecEncryption) && has(self.ipsecIntegrity) && has(self.pfsGroup)"},
    {"POL-2", Refuse, Reason::InvalidSpec, check_algorithm_values,
     "each algorithm is one that Azure Stack knows", ""},
    {"POL-3", Refuse, Reason::InvalidSpec, check_seed_misprints,
     "dhGroup None and GCMASE256, which Azure's table lists, mean nothing", "self.dhGroup != 'None'"},
    {"POL-4", Refuse, Reason::InvalidSpec, check_gcm_pair,
     "GCMAES on either ESP field: both are the same",
     "!(self.ipsecEncryption.startsWith('GCMAES') || self.ipsecIntegrity.startsWith('GCMAES')) || self.ipsecEncryption == self.ipsecIntegrity"},
    {"POL-5", Refuse, Reason::InvalidSpec, check_lifetimes,
     "saLifeTimeSeconds is 300..172799, saDataSizeKilobytes 1024..2147483647",
     "self.saLifeTimeSeconds >= 300 && self.saLifeTimeSeconds <= 172799 && self.saDataSizeKilobytes >= 1024 && self.saDataSizeKilobytes <= 2147483647"},
    {"POL-6", Warn, Reason::WeakAlgorithms, check_weak_algorithms,
     "weak algorithms are accepted as Azure Stack does, and named", ""},

    {"CON-1", Refuse, Reason::PolicyNotAllowedOnSku, check_policy_on_basic,
     "SKU Basic takes no custom policy", ""},
    {"CON-2", Refuse, Reason::InvalidSpec, check_supported_connection,
     "route-based IKEv2 IPsec connections only",
     "!self.usePolicyBasedTrafficSelectors && self.connectionType == 'IPsec' && self.connectionProtocol == 'IKEv2'"},
    {"CON-3", Refuse, Reason::InvalidSharedKey, check_shared_key,
     "a shared key is 1..128 characters 0x21-0x7E", ""},
    {"CON-4", Refuse, Reason::DuplicateConnection, check_one_connection_per_pair,
     "one connection for a pair of gateways", ""},

    {"VNG-1", Refuse, Reason::InvalidSpec, check_gateway_subnet,
     "the network has a subnet GatewaySubnet of /29 or larger", ""},
    {"VNG-1", Warn, Reason::InvalidSpec, check_small_gateway_subnet,
     "GatewaySubnet should be /28 or larger", ""},
    {"VNG-2", Refuse, Reason::DuplicateGateway, check_one_gateway_per_network,
     "one gateway for a virtual network", ""},
    {"VNG-3", Warn, Reason::InvalidSpec, check_connection_count,
     "no more connections than Azure allows for the SKU", ""},
    {"NET-1", Refuse, Reason::InvalidSpec, check_subnets,
     "subnets lie inside the network's prefixes and do not overlap", ""},
    {"LNG-1", Refuse, Reason::PrefixOverlap, check_site_prefixes_apart,
     "a site's prefixes do not overlap each other", ""},
    {"LNG-1", Refuse, Reason::PrefixOverlap, check_prefixes_apart,
     "a site's prefixes do not overlap the virtual network or another site of the gateway", ""},
    {"LNG-1", Warn, Reason::PrefixOverlap, check_gateway_address_outside,
     "gatewayIpAddress does not lie in the site's prefixes", ""},
    {"LNG-2", Refuse, Reason::DuplicateGatewayAddress, check_one_site_per_address,
     "one local network gateway for a gatewayIpAddress", ""},
};
// clang-format on

}  // namespace

std::span<const RuleRow> rules() { return kRules; }

}  // namespace hawser::policy
