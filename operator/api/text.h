#pragma once

#include <span>
#include <string>
#include <string_view>

// How a value of a manifest looks in a message.
namespace hawser::api {

// In single quotes, control characters escaped, cut after 64 octets. Never for values of a Secret.
std::string in_quotes(std::string_view text);
// "A, B, C"
std::string joined(std::span<const std::string_view> names);
// " (did you mean 'GCMAES256'?)" for the closest name, case ignored; "" when none is close.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> names);

}  // namespace hawser::api
