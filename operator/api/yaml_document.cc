#include "operator/api/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <deque>
#include <istream>
#include <streambuf>
#include <unordered_map>

#include "common/base/secret.h"
#include "operator/api/text.h"

namespace hawser::api {
namespace {

// Thrown by our event handler through yaml-cpp, caught in for_each_document.
struct Stop {
  YamlFault fault;
};

[[noreturn]] void stop(const YAML::Mark& mark, std::string message) {
  throw Stop{{mark.line + 1, mark.column + 1, std::move(message)}};
}

// The text as a stream, without a copy.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // NOLINT: only ever read
    setg(begin, begin, begin + text.size());
  }
};

// Builds the tree of one document; its own stack, so depth costs heap only.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) {}
  ~TreeBuilder() override { reset(); }

  const YamlNode* root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    reset();
    // yaml-cpp takes whatever follows a complete document for the next one, for some texts without end.
    const auto at = static_cast<size_t>(mark.pos);
    const bool marked = at <= text_.size() && text_.substr(at, 3) == "---";
    if (documents_++ > 0 && !marked)
      stop(mark, "text after the end of the document; check the indentation, or put '---' between documents");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    complete(add(mark, YamlNode::Type::Null), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode* node = add(mark, YamlNode::Type::Scalar);
    node->plain = tag == "?";
    node->tagged = explicit_tag(tag);
    node->text = value;
    complete(node, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto it = anchors_.find(anchor);
    if (it == anchors_.end())
      stop(mark, "this alias (*) stands inside its own anchor (&); write the value out");
    alias_nodes_ += it->second->weight;
    if (alias_nodes_ > kMaxAliasNodes)
      stop(mark, "the aliases (*) of this document stand for more than " + std::to_string(kMaxAliasNodes) +
                     " values; write them out, or split the document");
    attach(it->second);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Type::Sequence, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Type::Map, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode* node;
    YAML::anchor_t anchor;
  };

  static bool explicit_tag(const std::string& tag) { return !tag.empty() && tag != "?" && tag != "!"; }

  void reset() {
    for (auto& node : nodes_) wipe({reinterpret_cast<uint8_t*>(node.text.data()), node.text.size()});
    nodes_.clear();
    anchors_.clear();
    open_.clear();
    root_ = nullptr;
    alias_nodes_ = 0;
  }
  YamlNode* add(const YAML::Mark& mark, YamlNode::Type type) {
    if (nodes_.size() >= kMaxNodes)
      stop(mark, "this document has more than " + std::to_string(kMaxNodes) + " values; split it");
    YamlNode& node = nodes_.emplace_back();
    node.type = type;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return &node;
  }
  void attach(const YamlNode* node) {
    if (open_.empty()) {
      root_ = node;
      return;
    }
    open_.back().node->children.push_back(node);
    open_.back().node->weight += node->weight;
  }
  void complete(YamlNode* node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    attach(node);
  }
  void open(const YAML::Mark& mark, YamlNode::Type type, const std::string& tag, YAML::anchor_t anchor) {
    if (open_.size() >= kMaxDepth)
      stop(mark, "nested deeper than " + std::to_string(kMaxDepth) +
                     " levels; no manifest needs that, check the brackets");
    YamlNode* node = add(mark, type);
    node->tagged = explicit_tag(tag);
    open_.push_back({node, anchor});
  }
  void close() {
    Open done = open_.back();
    open_.pop_back();
    complete(done.node, done.anchor);
  }

  std::string_view text_;
  size_t documents_ = 0;
  std::deque<YamlNode> nodes_;  // a deque, because the tree points into it
  std::unordered_map<YAML::anchor_t, const YamlNode*> anchors_;
  std::vector<Open> open_;
  const YamlNode* root_ = nullptr;
  size_t alias_nodes_ = 0;
};

YamlFault fault_at(std::string_view text, size_t offset, std::string message) {
  const std::string_view before = text.substr(0, offset);
  const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto lines = std::count(before.begin(), before.end(), '\n');
  return {static_cast<int>(lines) + 1, static_cast<int>(offset - line_start) + 1, std::move(message)};
}

// yaml-cpp replaces or drops such octets silently: what we read would not be what the user sees.
std::optional<YamlFault> check_characters(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0) return fault_at(text, i, "a NUL octet; save the file as UTF-8 text");
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
      return fault_at(text, i, "a control character; remove it, or write it as an escape in double quotes");
    const size_t length = utf8_length(text, i);
    if (length == 0) return fault_at(text, i, "not UTF-8; save the file as UTF-8 text");
    i += length;
  }
  return std::nullopt;
}

// Column of a tab in the indentation of a line, 0 when there is none: yaml-cpp says "illegal map value" for
// most of them.
int tab_in_indentation(std::string_view text, int line) {
  size_t start = 0;
  for (int i = 0; i < line; ++i) {
    const size_t end = text.find('\n', start);
    if (end == std::string_view::npos) return 0;
    start = end + 1;
  }
  const size_t tab = text.find_first_not_of(' ', start);
  return tab != std::string_view::npos && text[tab] == '\t' ? static_cast<int>(tab - start) + 1 : 0;
}

std::optional<YamlFault> check_size(std::string_view text) {
  if (text.size() > kMaxTextSize) {
    return YamlFault{1, 1,
                     "the file has " + std::to_string(text.size()) + " octets; allowed: at most " +
                         std::to_string(kMaxTextSize) + "; split it"};
  }
  constexpr std::string_view kIndicators = "[]{},:?\"'*&!";
  const auto count =
      std::ranges::count_if(text, [&](char c) { return kIndicators.find(c) != std::string_view::npos; });
  if (static_cast<size_t>(count) <= kMaxIndicators) return std::nullopt;
  return YamlFault{1, 1,
                   "the file has " + std::to_string(count) +
                       " brackets, commas, colons and quotes; allowed: at most " +
                       std::to_string(kMaxIndicators) + "; split it"};
}

YamlFault syntax_fault(std::string_view text, const YAML::Exception& e) {
  if (e.mark.is_null()) return {1, 1, "not valid YAML: " + e.msg + "; correct it"};
  if (const int column = tab_in_indentation(text, e.mark.line); column > 0)
    return {e.mark.line + 1, column, "not valid YAML: a tab in the indentation; indent with spaces"};
  return {e.mark.line + 1, e.mark.column + 1,
          "not valid YAML: " + e.msg +
              "; check the indentation, the brackets and the quotes here and on the line before"};
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  if (!is_map()) return nullptr;
  for (size_t i = 0; i + 1 < children.size(); i += 2)
    if (children[i]->is_scalar() && children[i]->text == key) return children[i + 1];
  return nullptr;
}

std::optional<YamlFault> for_each_document(std::string_view text,
                                           const std::function<void(const YamlNode&)>& visit) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (auto fault = check_size(text)) return fault;
  if (auto fault = check_characters(text)) return fault;
  TextBuffer buffer(text);
  std::istream stream(&buffer);
  TreeBuilder builder(text);
  try {
    YAML::Parser parser(stream);
    for (;;) {
      if (!parser.HandleNextDocument(builder)) return std::nullopt;
      if (builder.root() != nullptr) visit(*builder.root());
    }
  } catch (const Stop& stopped) {
    return stopped.fault;
  } catch (const YAML::Exception& e) {
    return syntax_fault(text, e);
  }
}

}  // namespace hawser::api
