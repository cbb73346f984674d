#pragma once

#include <string>
#include <string_view>

namespace hawser::testing {

// A fresh folder under the system's temporary one; removed with all it holds.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  // Replaces the file; returns its path.
  std::string write(std::string_view name, std::string_view text) const;

 private:
  std::string path_;
};

// The whole file; empty when it cannot be read.
std::string read_file(const std::string& path);

}  // namespace hawser::testing
