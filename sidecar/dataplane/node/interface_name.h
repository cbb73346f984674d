#pragma once

#include <string>
#include <string_view>

#include "sidecar/sa/names.h"

namespace hawser::dataplane {

// Every interface of ours starts with this; cleanup goes by it.
inline constexpr std::string_view kInterfacePrefix = "hws";

// "hws" + 10 lower-case base32 characters (RFC 4648) of SHA-256(namespace/name): 13 characters, below
// IFNAMSIZ. 50 bits: two of 10,000 connections collide once in 20 million nodes.
std::string interface_name(const sa::ConnectionName& connection);
// Has the shape of one of ours.
bool is_interface_name(std::string_view name);

}  // namespace hawser::dataplane
