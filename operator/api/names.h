#pragma once

#include <cstdint>
#include <string_view>

// What Kubernetes takes for the name of an object, a label or a key, and how long our own texts may be.
namespace hawser::api {

inline constexpr int64_t kMaxName = 253;      // DNS subdomain; also a key of a Secret
inline constexpr int64_t kMaxNamespace = 63;  // DNS label
inline constexpr int64_t kMaxLabel = 63;      // value of a label, or the part of its key behind '/'
inline constexpr int64_t kMaxSubnetName = 80;
inline constexpr int64_t kMaxIdentity = 255;
inline constexpr int64_t kMaxNodeLabels = 16;

// RFC 1123 label: lower case letters, digits and '-', beginning and ending with a letter or digit.
bool is_dns_label(std::string_view text);
// Labels with '.' between them, 253 characters at most.
bool is_object_name(std::string_view text);
// Key in the data of a Secret: letters, digits, '-', '_' and '.', no path out of a folder.
bool is_data_key(std::string_view text);
// "kubernetes.io/hostname": an object name and '/' may stand before.
bool is_label_key(std::string_view text);
// May be empty.
bool is_label_value(std::string_view text);
// Characters of UTF-8, as a schema counts them.
int64_t characters(std::string_view text);

}  // namespace hawser::api
