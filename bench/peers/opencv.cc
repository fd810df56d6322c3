// OpenCV's DNN module with its own CPU back end.
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>
#include <string>
#include <vector>

#include "peers/peer.h"

static cv::dnn::Net             net;
static std::vector<cv::String>  wanted;
static std::vector<cv::Mat>     inputs, outputs;
static std::vector<std::string> input_names;

const char *peer_version(void)
{
    return CV_VERSION;
}

bool peer_prepare(peer_reason *)
{
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    return true;
}

// The importer knows f32 alone: other inputs are converted here, once.
static cv::Mat blob(const peer_input &in)
{
    static const int types[] = {CV_32F, CV_8U, CV_32S, -1};
    std::vector<int> shape(in.dim, in.dim + in.rank);
    cv::Mat          result;
    if (types[in.type] < 0)
        CV_Error(cv::Error::StsNotImplemented, "an input of this type");
    cv::Mat(shape, types[in.type], in.data).convertTo(result, CV_32F);
    return result;
}

static bool guarded(peer_reason *why, const std::function<void()> &work)
{
    try {
        work();
        return true;
    } catch (const std::exception &e) {
        return peer_fail(why, "%s", e.what());
    }
}

bool peer_open(const peer_job *job, peer_reason *why)
{
    if (job->tuned || job->plan || job->fold || job->exact)
        return peer_fail(why, "has no such option");
    return guarded(why, [&] {
        cv::setNumThreads(job->threads);
        net = cv::dnn::readNetFromONNX(job->model);
        net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
        for (int i = 0; i < job->n_in; i++) {
            inputs.push_back(blob(job->in[i]));
            input_names.push_back(job->in[i].name);
        }
        for (int i = 0; i < job->n_out; i++)
            wanted.push_back(job->out[i]);
    });
}

bool peer_run(peer_reason *why)
{
    return guarded(why, [&] {
        for (size_t i = 0; i < inputs.size(); i++)
            net.setInput(inputs[i], input_names[i]);
        net.forward(outputs, wanted);
    });
}

bool peer_save(FILE *file, peer_reason *why)
{
    for (const cv::Mat &out : outputs) {
        if (out.type() != CV_32F || !out.isContinuous())
            return peer_fail(why, "an output is not f32");
        if (!peer_write(file, PEER_F32, out.data, out.total()))
            return peer_fail(why, "outputs cannot be written");
    }
    return true;
}

void peer_info(FILE *) {}

void peer_close(void)
{
    outputs.clear();
    inputs.clear();
}
