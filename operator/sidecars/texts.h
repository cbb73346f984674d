#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace hawser::sidecars {

// What a sidecar says goes into memory, logs and the status of objects, and a node may be in wrong hands: no
// text is longer than the status has room for. Whole characters are kept, and "…" shows the cut.
void cap_text(std::string& text, size_t limit);
// Every text in the message, by the name of its field.
void cap_texts(google::protobuf::Message& message);

}  // namespace hawser::sidecars
