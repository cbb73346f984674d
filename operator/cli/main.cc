// hawser, also as kubectl-hawser: what a user types.
#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>

#include "common/base/clock.h"
#include "common/base/product_version.h"
#include "operator/cli/get.h"
#include "operator/cli/lint.h"
#include "operator/cli/show_policy.h"

namespace hawser::cli {
namespace {

// What the chosen command does; returns the exit code.
using Command = std::function<int()>;

// Where the objects are: a cluster as kubectl finds it, or the two folders.
template <typename Options>
void add_source(CLI::App& command, Options& options) {
  command.add_option("--kubeconfig", options.cluster.kubeconfig,
                     "Kubeconfig file (KUBECONFIG, ~/.kube/config)");
  command.add_option("--context", options.cluster.context, "Context of the kubeconfig");
  command.add_option("--manifests", options.manifests, "No cluster: folder of manifests (HAWSER_MANIFESTS)");
  command.add_option("--status", options.status, "No cluster: folder of status files (HAWSER_STATUS)");
}

void add_lint(CLI::App& app, Command& command) {
  auto options = std::make_shared<LintOptions>();
  CLI::App* lint_app = app.add_subcommand("lint", "Check manifests: exit 0, 1 (errors) or 2 (usage)");
  lint_app->add_option("PATH", options->paths, "Files, or folders (their *.yaml, *.yml and *.json)")
      ->required();
  lint_app->add_option("-o,--output", options->output, "json");
  lint_app->callback(
      [&command, options] { command = [options] { return lint(*options, std::cout, std::cerr); }; });
}

void add_show(CLI::App& app, Command& command) {
  CLI::App* show = app.add_subcommand("show", "Show what is in force");
  show->require_subcommand(1);
  auto options = std::make_shared<ShowPolicyOptions>();
  CLI::App* policy = show->add_subcommand("policy", "The IPsec/IKE policy of a connection, in Azure's words");
  policy->add_option("CONNECTION", options->connection, "Name of the Connection")->required();
  policy->add_option("-n,--namespace", options->namespace_, "Its namespace (default: the context's)");
  policy->add_option("-o,--output", options->output, "json");
  add_source(*policy, *options);
  policy->callback(
      [&command, options] { command = [options] { return show_policy(*options, std::cout, std::cerr); }; });
}

void add_get(CLI::App& app, Command& command) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* get_app = app.add_subcommand("get", "List objects and how they are");
  get_app->add_option("KIND", options->kind, "Kind, plural or short name; without it every kind");
  get_app->add_option("NAME", options->name, "Name of one object");
  get_app->add_option("-n,--namespace", options->namespace_, "Its namespace (default: the context's)");
  get_app->add_flag("-A,--all-namespaces", options->all_namespaces, "Every namespace");
  get_app->add_option("-o,--output", options->output, "json, yaml or wide");
  add_source(*get_app, *options);
  get_app->callback([&command, options] {
    command = [options] { return get(*options, SystemClock().wall_now(), std::cout, std::cerr); };
  });
}

// As kubectl's plug-in it is called by kubectl's words.
std::string program_name(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.starts_with("kubectl-") ? "kubectl hawser" : "hawser";
}

int run(int argc, char** argv) {
  CLI::App app("Hawser: site-to-site VPN for Kubernetes", program_name(argv[0]));
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("hawser ") + kProductVersion);
  Command command;
  add_get(app, command);
  add_lint(app, command);
  add_show(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return command();
}

}  // namespace
}  // namespace hawser::cli

int main(int argc, char** argv) { return hawser::cli::run(argc, argv); }
