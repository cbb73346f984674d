#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// How a value of a manifest looks in a message.
namespace hawser::api {

// Length of the UTF-8 sequence at `i`; 0 when it is not one (RFC 3629: no overlong forms, no surrogates).
size_t utf8_length(std::string_view text, size_t i);
// At most `max` characters of UTF-8, whatever octets come in: what is no character becomes U+FFFD, and a text
// that is cut ends in "…". REQUIRES: max > 0.
std::string fit(std::string text, int64_t max);
// In single quotes, control characters escaped, cut after 64 octets. Never for values of a Secret.
std::string in_quotes(std::string_view text);
// ASCII letters in lower case.
std::string lower(std::string_view text);
// "A, B, C"
std::string joined(std::span<const std::string_view> names);
// " (did you mean 'GCMAES256'?)" for the closest name, case ignored; "" when none is close.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> names);

}  // namespace hawser::api
